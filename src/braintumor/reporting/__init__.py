"""Exports of results: CSV, PDF report, overlays, figures, and all of them as one ZIP archive."""
