"""Components of the History page."""
