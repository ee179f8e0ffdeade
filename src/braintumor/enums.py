"""Enumerations shared by all packages: tumour classes, planes, splits, verdicts; and the research-use notice."""

from enum import StrEnum
from typing import Final


class TumorClass(StrEnum):
    """The four labels of the data set, in the fixed order of model outputs."""

    GLIOMA = "glioma"
    MENINGIOMA = "meningioma"
    NOTUMOR = "notumor"
    PITUITARY = "pituitary"

    @property
    def is_tumor(self) -> bool:
        """Whether the class is a tumour, that is, anything but `notumor`."""
        return self is not TumorClass.NOTUMOR

    @property
    def title(self) -> str:  # type: ignore[override]
        """Display name, for headings and charts."""
        return _CLASS_TITLES[self]


_CLASS_TITLES: Final = {
    TumorClass.GLIOMA: "Glioma",
    TumorClass.MENINGIOMA: "Meningioma",
    TumorClass.NOTUMOR: "No tumour",
    TumorClass.PITUITARY: "Pituitary tumour",
}

CLASSES: Final[tuple[TumorClass, ...]] = tuple(TumorClass)
CLASS_NAMES: Final[tuple[str, ...]] = tuple(str(c) for c in CLASSES)
TUMOR_INDICES: Final[tuple[int, ...]] = tuple(i for i, c in enumerate(CLASSES) if c.is_tumor)
NO_TUMOR_INDEX: Final[int] = CLASSES.index(TumorClass.NOTUMOR)

# Label of a tumour of unknown type, and its index, which follows those of the classes.
TUMOR_LABEL: Final = "tumor"
UNKNOWN_TYPE_INDEX: Final = len(CLASSES)
# Label of a lesion that is no tumour, and the index of images without a class, which are in no split.
OTHER_LESION_LABEL: Final = "other-lesion"
NO_CLASS_INDEX: Final = -1

# Modalities other than MR that a DICOM file may declare (PS3.3 C.7.3.1.1.1).
NON_MR_MODALITIES: Final = {
    "CT": "a CT image", "CR": "an X-ray image", "DX": "an X-ray image", "MG": "a mammogram",
    "RF": "a fluoroscopy image", "XA": "an angiogram", "US": "an ultrasound image", "PT": "a PET image",
    "NM": "a nuclear medicine image", "ES": "an endoscopy image", "XC": "a photograph", "GM": "a microscopy image",
    "SM": "a microscopy image", "OP": "an ophthalmic photograph", "SEG": "a segmentation",
}  # fmt: skip

# Split of the tumours from a source data set that a recipe excludes from training; they serve as a test set.
HOLDOUT_SPLIT: Final = "left_out"
# Tumours of another collection that no four-class model was trained on, against the tumour-free test scans.
EXTERNAL_SPLIT: Final = "external"


class Task(StrEnum):
    """What a model predicts: the four classes, or only tumour against no tumour."""

    FOUR_CLASS = "four-class"
    BINARY = "tumor"


class Plane(StrEnum):
    """Anatomical plane of a slice; `unknown` if the source does not state it."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"
    UNKNOWN = "unknown"


class Split(StrEnum):
    """Split of the data set that an image belongs to."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Protocol(StrEnum):
    """How images are assigned to splits.

    `group` keeps each patient and its near-duplicates in one split and is the valid protocol; `official` keeps the
    Kaggle Training/Testing folders; `random` assigns single images. The last two leak and serve only for comparison.
    """

    GROUP = "group"
    OFFICIAL = "official"
    RANDOM = "random"


class Verdict(StrEnum):
    """Result of the detector for one scan."""

    TUMOR_SUSPECTED = "tumor suspected"
    NO_TUMOR_FOUND = "no tumor found"
    UNCERTAIN = "uncertain"
    NOT_BRAIN_MRI = "not a brain MRI"
    OUTSIDE_FIELD = "outside the model's field"

    @property
    def has_result(self) -> bool:
        """Whether the model looked for a tumour: the scan is brain MRI and shows what the model has learnt."""
        return self not in (Verdict.NOT_BRAIN_MRI, Verdict.OUTSIDE_FIELD)

    @property
    def suspicion_rank(self) -> int:
        """Position in `VERDICTS_BY_SUSPICION`, from 0 for the most suspicious verdict."""
        return VERDICTS_BY_SUSPICION.index(self)


# Most suspicious first: lists follow this order, and of several volumes the first one in it decides about a study.
VERDICTS_BY_SUSPICION: Final = (
    Verdict.TUMOR_SUSPECTED,
    Verdict.UNCERTAIN,
    Verdict.NO_TUMOR_FOUND,
    Verdict.OUTSIDE_FIELD,
    Verdict.NOT_BRAIN_MRI,
)


class PictureKind(StrEnum):
    """What a picture shows: one slice, or something from which a slice must first be cut out."""

    SLICE = "slice"
    SHEET = "multi-panel sheet"
    SCREENSHOT = "screenshot of a viewer"
    PHOTOGRAPH = "photograph of a film or screen"


class SkipReason(StrEnum):
    """Why a file or slice was skipped; further time points of a series are described in words instead."""

    LOCALIZER = "localizer"
    DERIVED_MAP = "derived map"
    SCREENSHOT = "screenshot"
    REPORT = "report"
    PRESENTATION_STATE = "presentation state"
    DISC_INDEX = "index of a disc"
    NO_IMAGE = "object without an image"
    NOT_A_SCAN = "not a scan"


RESEARCH_USE: Final = (
    "For research and education only. This tool supports a reader and never replaces one: it is not a medical "
    "device, and no diagnosis or treatment may rest on it."
)
