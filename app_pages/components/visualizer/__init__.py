"""Components of the visualizer page."""
