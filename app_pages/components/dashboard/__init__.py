"""Components of the Dashboard page."""
