"""Augmentations: each samples its parameters in NumPy and applies them in TensorFlow."""
