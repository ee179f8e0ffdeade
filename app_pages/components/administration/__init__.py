"""Components of the Administration page."""
