"""Calibration fitted on validation scans."""
