"""Readings as records of the database: save in the background, open again, read again, export."""
