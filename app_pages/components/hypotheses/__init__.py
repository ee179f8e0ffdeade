"""Components of the hypotheses page."""
