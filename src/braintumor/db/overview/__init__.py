"""Counts and lists over many records: for the dashboard of a user, and for administrators."""
