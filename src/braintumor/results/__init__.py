"""Evaluation results, read from JSON for pages and reports."""
