"""CSV of predictions and overlays."""
