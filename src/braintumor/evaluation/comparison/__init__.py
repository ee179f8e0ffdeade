"""Comparison of models on the same scans."""
