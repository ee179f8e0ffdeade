"""Components of the detection page."""
