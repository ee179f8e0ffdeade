"""Colours of classes, verdicts and charts, the same on every page."""

from typing import Final, Literal

from braintumor.enums import TumorClass, Verdict
from braintumor.exploration.figures import TUMOR_CLASS_COLORS
from braintumor.results.hypothesis_status import HypothesisStatus

# Distinguishable with any colour vision, with a contrast of at least 3:1 to both backgrounds (tests compute both).
CLASS_COLORS: Final[dict[TumorClass, str]] = TUMOR_CLASS_COLORS
TUMOR_COLOR: Final = "#9A5BA8"
ACCENT: Final = "#2A8C9A"
NEUTRAL: Final = "#7F8C99"

# Colour names of the theme for `st.badge` and `:color[...]`; they adapt to light and dark mode.
Tone = Literal["red", "orange", "green", "gray"]
VERDICT_TONES: Final[dict[Verdict, Tone]] = {
    Verdict.TUMOR_SUSPECTED: "red",
    Verdict.UNCERTAIN: "orange",
    Verdict.NO_TUMOR_FOUND: "green",
    Verdict.OUTSIDE_FIELD: "gray",
    Verdict.NOT_BRAIN_MRI: "gray",
}
STATUS_TONES: Final[dict[HypothesisStatus, Tone]] = {
    HypothesisStatus.SUPPORTED: "green",
    HypothesisStatus.NOT_SUPPORTED: "red",
    HypothesisStatus.UNDECIDED: "gray",
}

# From nothing to all of a row; transparent, so that it works on both backgrounds.
SHARE_SCALE: Final = ((0.0, "rgba(42,140,154,0.04)"), (1.0, "rgba(42,140,154,0.95)"))
