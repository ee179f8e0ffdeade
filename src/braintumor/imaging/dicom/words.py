"""Words a series may be called by: those of a fixed list that its description holds, and no other."""

import re
from typing import Final

_SEQUENCE_PATTERNS: Final = (
    ("FLAIR", r"flair|fluid.?attenuated"), ("STIR", r"stir"), ("DWI", r"dwi|diff(usion)?"), ("ADC", r"adc"),
    ("SWI", r"swi|swan"), ("TOF", r"tof"), ("PD", r"pd|proton.?density"), ("T2*", r"t2.?(\*|star|ffe)"),
    ("T2", r"t2w?"), ("T1", r"t1w?|mp.?rage"),
)  # fmt: skip
_CONTRAST_AGENT_PATTERN: Final = r"gd|gad\w*|\+ ?c|ce|post|contrast"


def describe_contrast(text: str) -> list[str]:
    """What a description says of the contrast, in our own words; empty where nothing known is in it."""
    spaced = f" {re.sub(r'[_,;/()-]+', ' ', text.lower())} "
    found = [word for word, pattern in _SEQUENCE_PATTERNS if _has_keyword(spaced, pattern)]
    if "T2*" in found and "T2" in found:
        found.remove("T2")
    kept = found[:1]
    return [*kept, "with contrast"] if kept and _has_keyword(spaced, _CONTRAST_AGENT_PATTERN) else kept


def _has_keyword(spaced: str, pattern: str) -> bool:
    return re.search(rf"(?<![a-z0-9])(?:{pattern})(?![a-z0-9*])", spaced) is not None
