"""Colours of classes and verdicts, the same on every page, and the theme's neutral tones for charts."""

from typing import Final

from braintumor.enums import TumorClass, Verdict
from braintumor.exploration.figures import TUMOR_CLASS_COLORS
from braintumor.results.hypothesis_status import HypothesisStatus

# Told apart with any colour vision, and at least 3:1 against either background (tests compute both).
CLASS_COLORS: Final[dict[TumorClass, str]] = TUMOR_CLASS_COLORS
TUMOR_COLOR: Final = "#9A5BA8"
ACCENT: Final = "#2A8C9A"
NEUTRAL: Final = "#7F8C99"

# Names of the theme's own colours, which know light from dark; for `st.badge` and `:color[...]`.
VERDICT_TONES: Final[dict[Verdict, str]] = {
    Verdict.TUMOR_SUSPECTED: "red",
    Verdict.UNCERTAIN: "orange",
    Verdict.NO_TUMOR_FOUND: "green",
    Verdict.NOT_BRAIN_MRI: "gray",
}
STATUS_TONES: Final[dict[HypothesisStatus, str]] = {
    HypothesisStatus.SUPPORTED: "green",
    HypothesisStatus.NOT_SUPPORTED: "red",
    HypothesisStatus.UNDECIDED: "gray",
}

# White for no count, the accent for all of a row; transparent, so that it sits on either background.
SHARE_SCALE: Final = ((0.0, "rgba(42,140,154,0.04)"), (1.0, "rgba(42,140,154,0.95)"))
