"""Smaller variants of a model for other runtimes: LiteRT and 8-bit ONNX."""
