"""Calibration fitted on the validation split."""
