"""Terms of the facts of a reading: where a region lies, what is unusual about a file, and why a verdict is unclear."""

from enum import StrEnum


class Side(StrEnum):
    """Side of a region in the patient; unknown unless the file states the orientation."""

    PATIENT_LEFT = "patient's left"
    PATIENT_RIGHT = "patient's right"
    MIDLINE = "midline"


class ImagePosition(StrEnum):
    """Position in the picture."""

    UPPER_LEFT = "upper left"
    UPPER_CENTER = "upper centre"
    UPPER_RIGHT = "upper right"
    MIDDLE_LEFT = "middle left"
    CENTER = "centre"
    MIDDLE_RIGHT = "middle right"
    LOWER_LEFT = "lower left"
    LOWER_CENTER = "lower centre"
    LOWER_RIGHT = "lower right"


class Region(StrEnum):
    """Region of the head, estimated from the position; two names where a slice cannot tell them apart."""

    FRONTAL = "frontal region"
    TEMPORAL = "temporal region"
    PARIETAL = "parietal region"
    OCCIPITAL = "occipital region"
    FRONTOPARIETAL = "frontal or parietal region"
    TEMPOROPARIETAL = "temporal or parietal region"
    OCCIPITAL_OR_POSTERIOR_FOSSA = "occipital region or posterior fossa"
    POSTERIOR_FOSSA = "posterior fossa"
    SELLAR = "sellar or suprasellar region"
    CENTRAL = "deep structures near the midline"
    CENTRAL_OR_SELLAR = "midline structures or sellar region"


class LocatedBy(StrEnum):
    """What a position was taken from."""

    OUTLINE = "outline"
    HEAT_MAP = "heat map"


class Rejection(StrEnum):
    """Why a scan is not read: the verdicts `not a brain MRI` and `outside the model's field`."""

    NOT_MR = "not MR according to the file"
    LOOKS_LIKE_CT = "looks like CT"
    UNFAMILIAR = "unlike the training scans"
    OUTSIDE_FIELD = "outside the brain"


class Doubt(StrEnum):
    """Why a verdict is `uncertain`."""

    BETWEEN_THRESHOLDS = "between the thresholds"
    PICTURE = "not a single slice"
    TEXT_ON_HEAD = "text on the head"
    UNUSUAL = "unusual scan"
    TURNED = "possibly turned"
    PLANES_DISAGREE = "planes disagree"
    TOO_FEW_SLICES = "too few slices"
    OTHER = "another reason"


class InputWarning(StrEnum):
    """What a reader should know about the file."""

    SHEET = "multi-panel sheet"
    SCREENSHOT = "screenshot of a viewer"
    PHOTOGRAPH = "photograph of a film or screen"
    TEXT_REMOVED = "text removed"
    INVERTED = "inverted"
    TURNED = "turned upright"
    MAY_BE_TURNED = "may be turned"
    ORIENTATION_UNKNOWN = "orientation unknown"
    EDITED = "changed by the reader"
    OTHER = "other warning"
