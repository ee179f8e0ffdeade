"""Helpers for pages under AppTest."""
