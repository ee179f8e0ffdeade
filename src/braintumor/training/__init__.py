"""Augmentation, input pipeline, fit and export. Keras lives only here and in models."""
