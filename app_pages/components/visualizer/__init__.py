"""Components of the Visualizer page."""
