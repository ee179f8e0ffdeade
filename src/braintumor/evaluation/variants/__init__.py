"""Smaller variants of a model: LiteRT and 8-bit integers."""
