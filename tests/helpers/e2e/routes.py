"""Every page of the dashboard, and its tabs and views."""

from typing import Final

PAGES: Final = (
    "Summary",
    "Visualizer",
    "Detection",
    "History",
    "Dashboard",
    "Practice",
    "Session log",
    "Hypotheses",
    "Performance",
)
PERFORMANCE_TABS: Final = ("Scores", "Curves", "Training", "Leakage", "Model card")
# Tabs of the Visualizer, with their views.
VIEWS: Final = {
    "Maps": ("Average", "Variability", "Side by side", "Difference", "Effect size", "Tumour atlas", "Profile"),
    "Montage": (),
    "Explorer": ("Distribution", "Scatter", "Grey levels", "Tumours", "Outliers", "Table"),
    "Leakage": (),
}
