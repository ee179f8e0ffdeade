"""The only DICOM tags that are read: none contains a name, number, date or free text that identifies a patient.

All other tags are skipped without parsing, so they cannot be displayed, logged or stored. Some tags are read but never
leave the parsing process as they are: identifiers of the study, the series and its coordinate system are reduced to
keyed hashes, and the descriptions of a series, windows, image types and kinds of object to words from fixed lists.
"""

import re
from typing import Final

# Pixel storage and the meaning of the values.
PIXEL_TAGS: Final = (
    "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration",
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "RescaleSlope", "RescaleIntercept",
    "WindowCenter", "WindowWidth", "VOILUTFunction", "PresentationLUTShape", "ModalityLUTSequence",
    "PixelPaddingValue", "PixelPaddingRangeLimit", "FloatPixelPaddingValue", "FloatPixelPaddingRangeLimit",
    "DoubleFloatPixelPaddingValue", "DoubleFloatPixelPaddingRangeLimit", "SmallestImagePixelValue",
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
# Position and size of the slice, and the size of its pixels.
GEOMETRY_TAGS: Final = (
    "PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio", "SliceThickness",
    "SpacingBetweenSlices", "ImageOrientationPatient", "ImagePositionPatient", "InstanceNumber", "AcquisitionMatrix",
)  # fmt: skip
# What distinguishes the stacks of a series. The times are durations in ms since a trigger or an excitation, and no time
# of day.
STACK_TAGS: Final = (
    "TemporalPositionIdentifier", "TriggerTime", "AcquisitionNumber", "EchoNumbers", "EchoTime", "DiffusionBValue",
    "ComplexImageComponent",
)  # fmt: skip
# Modality, and whether the file is an MR slice.
MODALITY_TAGS: Final = ("SOPClassUID", "Modality", "ConversionType", "BurnedInAnnotation", "SeriesNumber")
# Reduced to a keyed hash, or to words from a fixed list: below, and in `image_types.py`.
HASHED_TAGS: Final = ("SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID")
KEYWORD_TAGS: Final = (
    "SeriesDescription", "AcquisitionContrast", "ImageType", "WindowCenterWidthExplanation", "RescaleType",
)  # fmt: skip
# The same attributes per frame. Sequences are read whole, but only the attributes of `frames.py` are used of them.
FRAME_TAGS: Final = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
FRAME_GROUP_TAGS: Final = (
    "PlaneOrientationSequence", "PlanePositionSequence", "PixelMeasuresSequence", "PixelValueTransformationSequence",
    "FrameVOILUTSequence", "MRImageFrameTypeSequence", "FrameType", "FrameContentSequence", "TemporalPositionIndex",
    "FrameAcquisitionNumber", "TemporalPositionSequence", "TemporalPositionTimeOffset",
    "CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime", "MREchoSequence", "EffectiveEchoTime",
    "MRDiffusionSequence",
)  # fmt: skip

# Numbers that vendors store in tags of their own: group, name of the vendor's block, and element by name.
PRIVATE_BLOCKS: Final[tuple[tuple[int, str, dict[str, int]], ...]] = (
    (0x0019, "SIEMENS MR HEADER", {"NumberOfImagesInMosaic": 0x0A, "SiemensBValue": 0x0C}),
    (0x0021, "GEMS_RELA_01", {"LocationsInAcquisition": 0x4F}),
    (0x0043, "GEMS_PARM_01", {"GeRawDataType": 0x2F, "GeBValue": 0x39}),
    (0x2001, "Philips Imaging DD 001", {"PhilipsBValue": 0x03}),
)
# A block starts at any of these elements, which names it; scanners use the first ones.
PRIVATE_BLOCK_STARTS: Final = range(0x10, 0x18)
PRIVATE_TAGS: Final = tuple(
    tag
    for group, _, elements in PRIVATE_BLOCKS
    for start in PRIVATE_BLOCK_STARTS
    for tag in (group << 16 | start, *(group << 16 | start << 8 | element for element in elements.values()))
)

HEADER_TAGS: Final = (
    *PIXEL_TAGS, *GEOMETRY_TAGS, *STACK_TAGS, *MODALITY_TAGS, *HASHED_TAGS, *KEYWORD_TAGS, *FRAME_TAGS,
)  # fmt: skip
ALL_TAGS: Final = (*HEADER_TAGS, *PIXEL_DATA_TAGS)

_SEQUENCE_PATTERNS: Final = (
    ("FLAIR", r"flair|fluid.?attenuated"), ("STIR", r"stir"), ("DWI", r"dwi|diff(usion)?"), ("ADC", r"adc"),
    ("SWI", r"swi|swan"), ("TOF", r"tof"), ("PD", r"pd|proton.?density"), ("T2*", r"t2.?(\*|star|ffe)"),
    ("T2", r"t2w?"), ("T1", r"t1w?|mp.?rage"),
)  # fmt: skip
_CONTRAST_AGENT_PATTERN: Final = r"gd|gad\w*|\+ ?c|ce|post|contrast"

# Words that programs write as the explanation of a window.
_WINDOW_WORDS: Final = frozenset((
    "BONE", "BRAIN", "DEFAULT", "FOSSA", "HEAD", "LUNG", "NARROW", "NECK", "NORMAL", "ORBITS", "POSTERIOR", "SINUS",
    "SOFT", "SPINE", "STROKE", "SUBDURAL", "TISSUE", "VESSEL", "WIDE", "WINDOW", "WINDOW1", "WINDOW2",
))  # fmt: skip


def describe_window(text: str) -> str:
    """Return the explanation of a window if all its words are on a fixed list; else an empty text."""
    words = re.findall(r"[A-Z0-9]+", text.upper())
    return " ".join(words).capitalize() if words and _WINDOW_WORDS.issuperset(words) else ""


def describe_contrast(text: str) -> list[str]:
    """Extract the sequence and contrast agent from a description, as words from a fixed list."""
    normalized = f" {re.sub(r'[_,;/()-]+', ' ', text.lower())} "
    sequences = [word for word, pattern in _SEQUENCE_PATTERNS if _has_keyword(normalized, pattern)]
    has_agent = bool(sequences) and _has_keyword(normalized, _CONTRAST_AGENT_PATTERN)
    return [*sequences[:1], "with contrast"] if has_agent else sequences[:1]


def _has_keyword(text: str, pattern: str) -> bool:
    return re.search(rf"(?<![a-z0-9])(?:{pattern})(?![a-z0-9*])", text) is not None
