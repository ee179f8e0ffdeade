"""The only DICOM tags that are read: none contains a name, number, date or free text that identifies a patient.

All other tags are skipped without parsing, so they cannot be displayed, logged or stored. Three tags are read but never
leave the parsing process: SeriesInstanceUID is reduced to a keyed hash, and SeriesDescription and AcquisitionContrast
to words from the fixed list below.
"""

import re
from typing import Final

# Pixel storage and the meaning of the values.
PIXEL_TAGS: Final = (
    "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration",
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "RescaleSlope", "RescaleIntercept",
    "WindowCenter", "WindowWidth", "VOILUTFunction",
    "RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData", "SegmentedRedPaletteColorLookupTableData",
    "SegmentedGreenPaletteColorLookupTableData", "SegmentedBluePaletteColorLookupTableData",
)  # fmt: skip
# Pixel data and the offsets of frames in it.
PIXEL_DATA_TAGS: Final = (
    "PixelData",
    "FloatPixelData",
    "DoubleFloatPixelData",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
)
# Position of the slice.
GEOMETRY_TAGS: Final = ("PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient", "InstanceNumber")
# Modality, and whether the file is an MR slice.
MODALITY_TAGS: Final = ("SOPClassUID", "Modality", "ConversionType", "BurnedInAnnotation", "SeriesNumber")
# Reduced to a keyed hash, or to words from the list below.
HASHED_TAGS: Final = ("SeriesInstanceUID",)
KEYWORD_TAGS: Final = ("SeriesDescription", "AcquisitionContrast")
# The same attributes per frame.
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
    """Extract the sequence and contrast agent from a description, as words from a fixed list."""
    normalized = f" {re.sub(r'[_,;/()-]+', ' ', text.lower())} "
    sequences = [word for word, pattern in _SEQUENCE_PATTERNS if _has_keyword(normalized, pattern)]
    has_agent = bool(sequences) and _has_keyword(normalized, _CONTRAST_AGENT_PATTERN)
    return [*sequences[:1], "with contrast"] if has_agent else sequences[:1]


def _has_keyword(text: str, pattern: str) -> bool:
    return re.search(rf"(?<![a-z0-9])(?:{pattern})(?![a-z0-9*])", text) is not None
