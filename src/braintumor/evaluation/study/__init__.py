"""Labelled studies of known patients, to fit and to measure the verdict on whole studies."""
