"""A data set: its clips with their labels, who of them trains, and their keypoints."""
