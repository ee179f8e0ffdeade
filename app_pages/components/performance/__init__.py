"""Components of the performance page."""
