"""Words and phrases for the terms of the facts, marked for translation."""

from collections.abc import Mapping
from typing import Final

from braintumor.enums import Plane, TumorClass
from braintumor.explanation.languages import mark
from braintumor.explanation.terms import Doubt, ImagePosition, InputWarning, Region, Rejection, Side

SLICE_PHRASES: Final[Mapping[Plane, str]] = {
    Plane.AXIAL: mark("On this axial slice"),
    Plane.CORONAL: mark("On this coronal slice"),
    Plane.SAGITTAL: mark("On this sagittal slice"),
    Plane.UNKNOWN: mark("On this slice"),
}
NUMBERED_SLICES: Final[Mapping[Plane, str]] = {
    Plane.AXIAL: mark("axial slice {number}"),
    Plane.CORONAL: mark("coronal slice {number}"),
    Plane.SAGITTAL: mark("sagittal slice {number}"),
    Plane.UNKNOWN: mark("slice {number}"),
}
CLASSES: Final[Mapping[TumorClass, str]] = {
    TumorClass.GLIOMA: mark("glioma"),
    TumorClass.MENINGIOMA: mark("meningioma"),
    TumorClass.PITUITARY: mark("pituitary tumour"),
    TumorClass.NOTUMOR: mark("no tumour"),
}
ANY_TUMOR: Final = mark("tumour of any type")
SIDES: Final[Mapping[Side, str]] = {
    Side.PATIENT_LEFT: mark("on the patient's left"),
    Side.PATIENT_RIGHT: mark("on the patient's right"),
    Side.MIDLINE: mark("near the midline"),
}
POSITIONS: Final[Mapping[ImagePosition, str]] = {
    ImagePosition.UPPER_LEFT: mark("in the upper left part of the image"),
    ImagePosition.UPPER_CENTER: mark("in the upper middle part of the image"),
    ImagePosition.UPPER_RIGHT: mark("in the upper right part of the image"),
    ImagePosition.MIDDLE_LEFT: mark("in the left part of the image, at mid-height"),
    ImagePosition.CENTER: mark("in the centre of the image"),
    ImagePosition.MIDDLE_RIGHT: mark("in the right part of the image, at mid-height"),
    ImagePosition.LOWER_LEFT: mark("in the lower left part of the image"),
    ImagePosition.LOWER_CENTER: mark("in the lower middle part of the image"),
    ImagePosition.LOWER_RIGHT: mark("in the lower right part of the image"),
}
REGIONS: Final[Mapping[Region, str]] = {
    Region.FRONTAL: mark("in the region of the frontal lobe"),
    Region.TEMPORAL: mark("in the region of the temporal lobe"),
    Region.PARIETAL: mark("in the region of the parietal lobe"),
    Region.OCCIPITAL: mark("in the region of the occipital lobe"),
    Region.FRONTOPARIETAL: mark("in the region of the frontal or parietal lobe"),
    Region.TEMPOROPARIETAL: mark("in the region of the temporal or parietal lobe"),
    Region.OCCIPITAL_OR_POSTERIOR_FOSSA: mark("in the region of the occipital lobe or the posterior fossa"),
    Region.POSTERIOR_FOSSA: mark("in the region of the posterior fossa"),
    Region.SELLAR: mark("in the sellar or suprasellar region"),
    Region.CENTRAL: mark("in the region of the deep midline structures"),
    Region.CENTRAL_OR_SELLAR: mark("in the region of the deep midline structures or the sella"),
}
REJECTIONS: Final[Mapping[Rejection, str]] = {
    Rejection.NOT_MR: mark("According to its file, this is not an MR image, so the model did not look for a tumour."),
    Rejection.LOOKS_LIKE_CT: mark("The image looks like CT rather than MRI, so the model did not look for a tumour."),
    Rejection.UNFAMILIAR: mark(
        "The image does not resemble the brain MRI that the model was trained on, so it did not look for a tumour."
    ),
    Rejection.OUTSIDE_FIELD: mark(
        "The image shows no brain, or too little of it, so the model did not look for a tumour."
    ),
}
STUDY_REJECTIONS: Final[Mapping[Rejection, str]] = {
    Rejection.UNFAMILIAR: mark(
        "Too few slices of this study resemble the brain MRI that the model was trained on, so it gives no verdict."
    ),
    Rejection.OUTSIDE_FIELD: mark(
        "The slices of this study show no brain, or too little of it, so the model did not look for a tumour."
    ),
}
DOUBTS: Final[Mapping[Doubt, str]] = {
    Doubt.TEXT_ON_HEAD: mark("Text or marks lie on the head and may mislead the model."),
    Doubt.UNUSUAL: mark("The scan is unusual compared with the training scans, so the model may be wrong."),
    Doubt.TURNED: mark("The image is probably turned, and turned images may be misread."),
    Doubt.PLANES_DISAGREE: mark("The planes of the study do not agree."),
    Doubt.TOO_FEW_SLICES: mark("Too few slices could be judged to rule out a tumour."),
}
WARNINGS: Final[Mapping[InputWarning, str]] = {
    InputWarning.SHEET: mark("The image looks like a sheet of several pictures."),
    InputWarning.SCREENSHOT: mark("The image looks like a screenshot."),
    InputWarning.PHOTOGRAPH: mark("The image looks like a photograph of a film or a screen."),
    InputWarning.TEXT_REMOVED: mark("Text or marks in the image were ignored."),
    InputWarning.INVERTED: mark("The image was inverted before it was read."),
    InputWarning.TURNED: mark("The image was turned upright before it was read."),
    InputWarning.MAY_BE_TURNED: mark("The image may be turned."),
    InputWarning.ORIENTATION_UNKNOWN: mark("The file does not state a valid orientation, so sides may be swapped."),
    InputWarning.EDITED: mark("The reader changed the image before it was read."),
    InputWarning.OTHER: mark("There is a further note about the file; see the warnings of this result."),
}
