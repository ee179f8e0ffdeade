"""What an image shows besides a plain slice, as words from a fixed list: localizers, maps, phase, water and fat."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from braintumor.enums import SkipReason

_SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
# Beginnings of the UIDs of objects without an image.
_OBJECT_NAMES: Final = (
    ("1.2.840.10008.5.1.4.1.1.88.", SkipReason.REPORT),
    ("1.2.840.10008.5.1.4.1.1.104.", SkipReason.REPORT),
    ("1.3.12.2.1107.5.9.1", SkipReason.REPORT),  # Siemens' private report and data objects
    ("1.2.840.10008.5.1.4.1.1.11.", SkipReason.PRESENTATION_STATE),
)
# Computed and digital radiography, CT, MR, ultrasound, captures, angiography, nuclear medicine, photographs, PET.
_IMAGE_SOP_CLASS: Final = re.compile(r"1\.2\.840\.10008\.5\.1\.4\.1\.1\.(1|2|3|4|6|7|12|20|77|128)(\.(?!2$)\d+)*")
# Parametric map, segmentation, label map, dose: images computed from others.
_MAP_SOP_CLASSES: Final = tuple(f"1.2.840.10008.5.1.4.1.1.{last}" for last in ("30", "66.4", "66.7", "481.2"))
# Values of ImageType and FrameType, in upper case with spaces (PS3.3 C.8.13.3.1, and those of the large vendors).
_DERIVED_WORDS: Final = frozenset((
    "ADC", "EADC", "ADC MAP", "EXPONENTIAL ADC", "FA", "FA MAP", "COLFA", "TRACEW", "TRACE", "TENSOR",
    "DIFFUSION ANISO", "RCBF", "RCBV", "CBF", "CBV", "RELCBF", "RELCBV", "RELMTT", "MTT", "TTP", "TMAX", "PBP",
    "PERFUSION MAP", "MIP", "MINIP", "MNIP", "MAX IP", "MIN IP", "MAXIMUM", "MINIMUM", "PROJECTION IMAGE",
    "SUBTRACTION", "SUBTRACTED", "SUBTRACT", "SUB", "DIVISION", "STD DEVIATION", "T1 MAP", "T2 MAP", "T2STAR MAP",
    "T2 STAR MAP", "R2 MAP", "R2STAR MAP", "R2 STAR MAP", "PD MAP", "METABOLITE MAP", "STIFFNESS", "TTEST", "T TEST",
    "QSM", "TEMPERATURE",
))  # fmt: skip
_SCREENSHOT_WORDS: Final = frozenset(("SCREEN SAVE", "SCREENSAVE", "SCREENSHOT", "SCREEN SHOT", "SCREEN CAPTURE"))
_TYPE_WORDS: Final = (
    ("field map", frozenset(("FIELD MAP", "FIELDMAP", "B0", "B0 MAP"))),
    ("phase", frozenset(("P", "PHASE", "PHASE MAP", "VELOCITY", "VELOCITY MAP"))),
    ("real", frozenset(("R", "REAL"))),
    ("imaginary", frozenset(("I", "IMAGINARY"))),
    ("water", frozenset(("W", "WATER"))),
    ("fat", frozenset(("F", "FAT"))),
    ("in phase", frozenset(("IP", "IN PHASE"))),
    ("out of phase", frozenset(("OP", "OUT PHASE", "OPP PHASE", "OPPOSED PHASE"))),
    ("magnitude", frozenset(("M", "MAGNITUDE"))),
)
# GE's private RawDataType.
_GE_TYPES: Final = {0.0: "magnitude", 1.0: "phase", 2.0: "real", 3.0: "imaginary"}

# Words of a series description, which count even for images declared ORIGINAL. Letters with accents are spaces.
_DESCRIPTION_PATTERNS: Final = (
    (SkipReason.REPORT, r"report|dose report|protocol page|patient protocol"),
    (SkipReason.SCREENSHOT, r"screen ?(save|shot|cap(ture)?)s?|snap ?shots?"),
    (SkipReason.LOCALIZER, r"locali[sz]\w*|lokali\w*|loc|scout\w*|aah?(ead)?scout\w*|survey|smart ?brain|pilot|"
                           r"topogramm?|scanogram|(3|three) ?(pl|plane)( loc)?|posdisp|rep ?e?rage|(u|ue)?bersicht"),
    (SkipReason.DERIVED_MAP, r"e?adc( ?maps?)?|colou?r ?fa|fa ?maps?|tracew|(r|rel)?cb[fv]|mtt|ttp|tmax|mip|minip|"
                             r"mnip|(perfusion|parametric|velocity) maps?|apparent diffusion"),
)  # fmt: skip
# Words that mean a map only for images not declared ORIGINAL: "FA 15" may be a flip angle.
_DERIVED_PATTERN: Final = r"fa|trace|tensor|sub(s|traction|tracted)?|maps?|projections?"


def parse_role(image_type: Sequence[str], sop_class: str, descriptions: Iterable[str]) -> str:
    """Return why a file is no plain slice: `localizer`, `derived map`, `screenshot` or `report`; else empty.

    Parameters
    ----------
    image_type : sequence of str
        Values of ImageType or FrameType, in upper case with spaces for underscores.
    sop_class : str
        UID of the kind of object.
    descriptions : iterable of str
        Series description and the like; only the fixed words above are recognized in them.
    """
    if "LOCALIZER" in image_type:
        return SkipReason.LOCALIZER
    if _DERIVED_WORDS.intersection(image_type[2:]) or sop_class in _MAP_SOP_CLASSES:
        return SkipReason.DERIVED_MAP
    if is_secondary_capture(sop_class) or _SCREENSHOT_WORDS.intersection(image_type):
        return SkipReason.SCREENSHOT
    text = re.sub(r"[^a-z0-9*]+", " ", " ".join(descriptions).lower())
    for role, pattern in _DESCRIPTION_PATTERNS:
        if _has_word(text, pattern):
            return role
    is_derived = image_type[:1] != ("ORIGINAL",) and _has_word(text, _DERIVED_PATTERN)
    return SkipReason.DERIVED_MAP if is_derived else ""


def parse_image_type(image_type: Sequence[str], component: str = "", raw_type: float | None = None) -> str:
    """Return `magnitude`, `phase`, `field map`, `water` and the like, or `derived map`; empty if not stated.

    Parameters
    ----------
    image_type : sequence of str
        Values of ImageType or FrameType, in upper case with spaces for underscores.
    component : str
        Value of ComplexImageComponent.
    raw_type : float, optional
        GE's private RawDataType.
    """
    words = {
        *image_type[2:],
        *(word.split(" ")[0] for word in image_type[2:] if re.match(r"[MPRI] (FFE|SE|IR|B)", word)),
    }
    if _DERIVED_WORDS & words:
        return SkipReason.DERIVED_MAP
    words.add(component.upper())
    stated = next((name for name, pattern in _TYPE_WORDS if pattern & words), "")
    return stated or (_GE_TYPES.get(raw_type, "") if raw_type is not None else "")


def name_object(sop_class: str) -> str:
    """Return what an object without an image is: `report`, `presentation state` or `object without an image`.

    Empty for a kind of object that should have an image, or of unknown kind: such a file is cut off.
    """
    if not sop_class or _IMAGE_SOP_CLASS.fullmatch(sop_class):
        return ""
    return next((name for start, name in _OBJECT_NAMES if sop_class.startswith(start)), SkipReason.NO_IMAGE)


def is_secondary_capture(sop_class: str) -> bool:
    """Whether an object was not acquired but captured from a screen, a film or a document."""
    return sop_class == _SECONDARY_CAPTURE or sop_class.startswith(f"{_SECONDARY_CAPTURE}.")


def _has_word(text: str, pattern: str) -> bool:
    return re.search(rf"(?<![a-z0-9*])(?:{pattern})(?![a-z0-9*])", text) is not None
