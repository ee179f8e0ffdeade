"""Answers and bodies of the REST API."""
