"""Comparison of prediction, exploration and training with the original project, side by side."""
