"""Our own engine: MediaPipe's networks, run by LiteRT, and between them its graph's steps in NumPy.

All places are pixels of the picture, with the depth in pixels, too. Each step says which of MediaPipe's calculators it
follows (github.com/google-ai-edge/mediapipe); thresholds are those of the graph of the Python package 0.10.21.
"""
