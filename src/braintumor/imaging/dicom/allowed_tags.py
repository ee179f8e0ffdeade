"""The only DICOM tags that are read. No name, number, date or free text of a person, place or study is among them.

What is not listed here is skipped unread, so nothing below can show, log or keep it. Three tags are read and never
leave the function that reads them: of SeriesInstanceUID a keyed hash is kept, of SeriesDescription and
AcquisitionContrast only words of the fixed list in `braintumor.imaging.dicom.allowed_tags`.
"""

import re
from typing import Final

# How pixels are stored, and what their numbers mean.
PIXEL_TAGS: Final = (
    "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration",
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "RescaleSlope", "RescaleIntercept",
    "WindowCenter", "WindowWidth", "VOILUTFunction",
    "RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData", "SegmentedRedPaletteColorLookupTableData",
    "SegmentedGreenPaletteColorLookupTableData", "SegmentedBluePaletteColorLookupTableData",
)  # fmt: skip
# The pixels themselves, and where frames start in them.
PIXEL_DATA_TAGS: Final = (
    "PixelData",
    "FloatPixelData",
    "DoubleFloatPixelData",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
)
# Where the slice lies.
GEOMETRY_TAGS: Final = ("PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient", "InstanceNumber")
# What it was taken with, and whether it may be read as an MR slice at all.
MODALITY_TAGS: Final = ("SOPClassUID", "Modality", "ConversionType", "BurnedInAnnotation", "SeriesNumber")
# Read, and kept as a hash or as words of a fixed list only.
HASHED_TAGS: Final = ("SeriesInstanceUID",)
KEYWORD_TAGS: Final = ("SeriesDescription", "AcquisitionContrast")
# The same facts, told for each frame.
FRAME_TAGS: Final = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")

HEADER_TAGS: Final = (*PIXEL_TAGS, *GEOMETRY_TAGS, *MODALITY_TAGS, *HASHED_TAGS, *KEYWORD_TAGS, *FRAME_TAGS)
ALL_TAGS: Final = (*HEADER_TAGS, *PIXEL_DATA_TAGS)


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
