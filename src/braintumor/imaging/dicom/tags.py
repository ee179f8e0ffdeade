"""The only DICOM tags that are read. No name, number, date or free text of a person, place or study is among them.

What is not listed here is skipped unread, so nothing below can show, log or keep it. Three tags are read and never
leave the function that reads them: of SeriesInstanceUID a keyed hash is kept, of SeriesDescription and
AcquisitionContrast only words of the fixed list in `braintumor.imaging.dicom.words`.
"""

from typing import Final

# How pixels are stored, and what their numbers mean.
PIXELS: Final = (
    "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration",
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "RescaleSlope", "RescaleIntercept",
    "WindowCenter", "WindowWidth", "VOILUTFunction",
    "RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData", "SegmentedRedPaletteColorLookupTableData",
    "SegmentedGreenPaletteColorLookupTableData", "SegmentedBluePaletteColorLookupTableData",
)  # fmt: skip
# The pixels themselves, and where frames start in them.
DATA: Final = (
    "PixelData",
    "FloatPixelData",
    "DoubleFloatPixelData",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
)
# Where the slice lies.
PLACE: Final = ("PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient", "InstanceNumber")
# What it was taken with, and whether it may be read as an MR slice at all.
KIND: Final = ("SOPClassUID", "Modality", "ConversionType", "BurnedInAnnotation", "SeriesNumber")
# Read, and kept as a hash or as words of a fixed list only.
HASHED: Final = ("SeriesInstanceUID",)
WORDED: Final = ("SeriesDescription", "AcquisitionContrast")
# The same facts, told for each frame.
FRAMES: Final = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")

HEAD: Final = (*PIXELS, *PLACE, *KIND, *HASHED, *WORDED, *FRAMES)
EVERY: Final = (*HEAD, *DATA)
