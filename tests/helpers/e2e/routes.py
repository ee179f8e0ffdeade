"""Places to visit: every page of the dashboard, and every tab and view of those that have some."""

from typing import Final

PAGES: Final = ("Summary", "Visualizer", "Detection", "Practice", "Session log", "Hypotheses", "Performance")
PARTS: Final = ("Scores", "Curves", "Training", "Leakage", "Model card")
VIEWS: Final = {
    "Maps": ("Average", "Variability", "Side by side", "Difference", "Effect size", "Tumour atlas", "Profile"),
    "Montage": (),
    "Explorer": ("Distribution", "Scatter", "Grey levels", "Tumours", "Out of place", "Table"),
    "Leakage": (),
}
