"""Maintenance of the storage: check and repair, backup and restore."""
