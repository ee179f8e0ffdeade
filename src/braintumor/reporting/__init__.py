"""What is handed to a reader: CSV of predictions, batch reading of files, overlays."""
