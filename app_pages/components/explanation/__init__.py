"""Explanation of a reading in words."""
