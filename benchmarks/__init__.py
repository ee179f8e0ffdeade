"""Benchmarks against the original project, and of the pages in a browser."""
