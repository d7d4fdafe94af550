"""Files and streams, in and out: video, arrays of keypoints, and what is in a folder."""
