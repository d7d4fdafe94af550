"""Glosses -> a sentence: a small network that learns it from pairs, or the nearest pair where there are few."""
