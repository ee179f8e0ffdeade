"""Metrics with intervals, calibration and thresholds."""
