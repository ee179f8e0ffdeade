"""Augmentations: each samples its parameters and applies them."""
