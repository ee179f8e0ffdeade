"""Components of the practice page."""
