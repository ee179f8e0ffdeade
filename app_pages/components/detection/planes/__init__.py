"""Slices of the other planes of a volume, next to the selected one."""
