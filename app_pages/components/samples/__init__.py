"""Samples that a visitor can read with one click."""
