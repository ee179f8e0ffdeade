"""The words every room uses: tumour classes, planes, splits, verdicts and the research-use notice."""

from enum import StrEnum
from typing import Final


class TumorClass(StrEnum):
    """The four labels of the data set. Order is alphabetical and fixed: it is the order of model outputs."""

    GLIOMA = "glioma"
    MENINGIOMA = "meningioma"
    NOTUMOR = "notumor"
    PITUITARY = "pituitary"

    @property
    def is_tumor(self) -> bool:
        """Whether the class is any tumour, that is, anything but `notumor`."""
        return self is not TumorClass.NOTUMOR

    @property
    def title(self) -> str:  # type: ignore[override]
        """The class as a reader says it, for headings and charts."""
        return _CLASS_TITLES[self]


_CLASS_TITLES: Final = {
    TumorClass.GLIOMA: "Glioma",
    TumorClass.MENINGIOMA: "Meningioma",
    TumorClass.NOTUMOR: "No tumour",
    TumorClass.PITUITARY: "Pituitary",
}

CLASSES: Final[tuple[TumorClass, ...]] = tuple(TumorClass)
CLASS_NAMES: Final[tuple[str, ...]] = tuple(str(c) for c in CLASSES)
TUMOR_INDICES: Final[tuple[int, ...]] = tuple(i for i, c in enumerate(CLASSES) if c.is_tumor)
NO_TUMOR_INDEX: Final[int] = CLASSES.index(TumorClass.NOTUMOR)

# The label of a tumour of which nobody said the kind, and its number among label numbers, after those of the classes.
TUMOR_LABEL: Final = "tumor"
UNKNOWN_TYPE_INDEX: Final = len(CLASSES)

# What a DICOM file may say it is instead of MR, by its modality (PS3.3 C.7.3.1.1.1).
NON_MR_MODALITIES: Final = {
    "CT": "a CT", "CR": "an X-ray picture", "DX": "an X-ray picture", "MG": "a mammogram", "RF": "a fluoroscopy",
    "XA": "an angiogram", "US": "an ultrasound picture", "PT": "a PET", "NM": "a scintigram", "ES": "an endoscopy",
    "XC": "a photograph", "GM": "a microscope picture", "SM": "a microscope picture", "OP": "a picture of an eye",
    "SEG": "a segmentation",
}  # fmt: skip

# Beside the splits: tumours of the origin that a recipe leaves out, and is tested on.
HOLDOUT_SPLIT: Final = "left_out"


class Task(StrEnum):
    """What a version was trained to tell: the four classes, or only tumour from none."""

    FOUR_CLASS = "four-class"
    BINARY = "tumor"


class Plane(StrEnum):
    """Anatomical plane of a slice; `unknown` where no source says."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"
    UNKNOWN = "unknown"


class Split(StrEnum):
    """The side of a split an image is on."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Protocol(StrEnum):
    """How images are dealt to splits.

    `group` keeps patients and near-duplicates together and is the one that counts; `official` keeps the Kaggle
    Training/Testing folders; `random` is the naive one. The last two leak and serve for comparison only.
    """

    GROUP = "group"
    OFFICIAL = "official"
    RANDOM = "random"


class Verdict(StrEnum):
    """What the detector says of one scan."""

    TUMOR_SUSPECTED = "tumor suspected"
    NO_TUMOR_FOUND = "no tumor found"
    UNCERTAIN = "uncertain"
    NOT_BRAIN_MRI = "not a brain MRI"


RESEARCH_USE: Final = (
    "For research and education only. This tool supports a reader and never replaces one: it is not a medical "
    "device, and no diagnosis or treatment may rest on it."
)
