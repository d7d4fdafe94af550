"""Clips -> a trained model."""
