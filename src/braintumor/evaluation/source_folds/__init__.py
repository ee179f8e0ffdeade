"""Folds over sources: networks that are trained without some sources, and what they make of these."""
