"""The network, from raw keypoints to the classes of each head, and what makes its probabilities true."""
