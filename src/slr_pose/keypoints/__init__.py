"""Pictures -> keypoints: who finds them, in which part of which video, on which core, and where they are kept."""
