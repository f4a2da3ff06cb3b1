"""Weights: tuned."""
