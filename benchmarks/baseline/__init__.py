"""Compares reading, exploring and training with the way the original project does them, side by side."""
