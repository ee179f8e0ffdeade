"""Evaluation results, read from JSON for pages, reports and the API."""
