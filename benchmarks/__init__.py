"""Benchmarks: this project against the original way of working, and the pages in a browser."""
