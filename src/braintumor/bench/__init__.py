"""Measures this project against the original way of reading scans, side by side."""
