"""Metadata that leaves the DICOM parsing process: free of any patient identity."""

from dataclasses import dataclass, field
from typing import Any, Final, Self

from braintumor.errors import ScanError
from braintumor.imaging.windowing import FileWindow

# Error messages by problem code. They contain no tag values, because those may identify a patient.
PROBLEM_MESSAGES: Final = {
    "damaged": "the DICOM file is truncated or damaged. Export or copy it again.",
    "no_image": "this DICOM file contains no image. Select the images of the series.",
    "directory": "this is the index of a disc (DICOMDIR), not an image. Select the images of the series.",
    "compression": "its pixel compression is not supported. Export the series uncompressed.",
    "layout": "its pixel layout is not supported. Export the series as plain greyscale images.",
    "depth": "its pixels are stored in a depth that is not supported, such as 1-bit RLE, 7-bit JPEG-LS or packed "
    "12-bit pixels. Export the series uncompressed, with 8 or 16 bits per pixel.",
    "mosaic": "this is a mosaic of many slices, but the file does not state how many. Export its slices one by one.",
    "memory": "decoding it takes more memory than is allowed. Export the series uncompressed.",
    "crashed": "its pixel data is too damaged to decode. Export or copy it again.",
    "timeout": "decoding it took too long, twice. Read it again later, or export the series uncompressed.",
}

# Problem codes that name an attribute of the standard: `missing:Rows`.
_ATTRIBUTE_MESSAGES: Final = {
    "missing": "its attribute {} is missing. Export the file again from its source.",
    "invalid": "its attribute {} is invalid. Export the file again from its source.",
}


class NoImageError(ScanError):
    """A DICOM object without an image, such as a report.

    Attributes
    ----------
    role : str
        What it is, from a fixed list: `report`, `presentation state`, `index of a disc` or `object without an image`.
    """

    def __init__(self, message: str, role: str) -> None:
        super().__init__(message)
        self.role = role


def problem_message(problem: str) -> str:
    """Return what is wrong with a file and what to do next, for a problem code."""
    kind, _, attribute = problem.partition(":")
    return _ATTRIBUTE_MESSAGES[kind].format(attribute) if attribute else PROBLEM_MESSAGES[problem]


@dataclass(frozen=True, slots=True)
class FrameMetadata:
    """One frame; of a mosaic, one slice.

    Attributes
    ----------
    position : float, optional
        Position along the slice normal in mm, increasing to the patient's right, front or head as in an RAS volume.
    spacing : (float, float), optional
        Millimetres between rows and between columns.
    aspect_ratio : (float, float), optional
        Height and width of a pixel in any unit, where the spacing is not stated.
    slope, intercept : float
        Rescale from stored to real values.
    windows : tuple of FileWindow
        In real values; the first that is not useless applies.
    orientation : tuple of float
        Direction cosines of a row and of a column, rounded to two digits; empty if unknown or invalid.
    cosines : tuple of float
        The same, not rounded.
    first_pixel : tuple of float
        Centre of the first pixel in the patient, in mm; empty if unknown, or for a slice of a mosaic.
    time : str
        Index or time (ms) within a time series, or number of the acquisition; empty if not stated. Many scanners number
        the slices of one volume too, so it distinguishes volumes only where slices are repeated at the same position.
    echo : str
        Echo time in ms, else number of the echo; empty if not stated.
    diffusion : str
        b-value in s/mm2; empty if not stated.
    image_type : str
        `magnitude`, `phase`, `real`, `imaginary`, `field map`, `water`, `fat`, `in phase`, `out of phase` or
        `derived map`; empty if not stated.
    """

    position: float | None = None
    spacing: tuple[float, float] | None = None
    aspect_ratio: tuple[float, float] | None = None
    slope: float = 1.0
    intercept: float = 0.0
    windows: tuple[FileWindow, ...] = ()
    orientation: tuple[float, ...] = ()
    time: str = ""
    echo: str = ""
    diffusion: str = ""
    image_type: str = ""
    cosines: tuple[float, ...] = ()
    first_pixel: tuple[float, ...] = ()

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Restore from the output of `dataclasses.asdict` after a round trip through JSON."""
        pairs = {key: _to_pair(data[key]) for key in ("spacing", "aspect_ratio")}
        windows = tuple(
            FileWindow(center, width, name, _to_pair(stated)) for center, width, name, stated in data["windows"]
        )
        tuples = {key: tuple(data[key]) for key in ("orientation", "cosines", "first_pixel")}
        return cls(**{**data, **pairs, **tuples, "windows": windows})


@dataclass(frozen=True, slots=True)
class DicomMetadata:
    """One file, without patient identity.

    Attributes
    ----------
    rows, columns : int
        Size of a frame in pixels; of a mosaic, of one slice.
    is_color : bool
        Whether pixels have a colour, stored directly or through a palette.
    is_inverted : bool
        Whether low values are bright (MONOCHROME1, or a Presentation LUT Shape of INVERSE).
    bits : int
        Bits stored per sample.
    frames : tuple of FrameMetadata
        One per frame.
    series_key : str
        Keyed hash of the series; empty if the file names none.
    study_key : str
        Keyed hash of the study; empty if the file names none.
    series_number, instance_number : int, optional
        Number of the series, and of the file within it.
    contrast_words : tuple of str
        Sequence and contrast agent, as words from a fixed list.
    plane : str
        `axial`, `coronal`, `sagittal`, `oblique`, or empty; of the first frame.
    orientation : tuple of float
        Direction cosines, rounded; empty if unknown or invalid. Of the first frame.
    modality : str
        `MR`, a key of `NON_MR_MODALITIES`, or `OT` for any other; empty if not stated.
    burned_in : str
        Whether text is burned into the image: `yes`, `no`, or `maybe` for screen captures that do not state it.
    role : str
        Why the file is no plain slice: `localizer`, `derived map`, `screenshot`, `report` or `mosaic`; else empty.
    mosaic_count : int, optional
        Number of slices in a mosaic, per image; None for all other files.
    padding : (float, float), optional
        Lowest and highest stored values that are padding.
    assumed_attributes : tuple of str
        Required attributes that the file lacks and for which a value was assumed.
    frame_key : str
        Keyed hash of the frame of reference; empty if the file names none.
    unit : str
        Unit of the real values, from a fixed list; empty if not stated.
    """

    rows: int
    columns: int
    is_color: bool
    is_inverted: bool
    bits: int
    frames: tuple[FrameMetadata, ...] = field(repr=False)
    series_key: str = ""
    series_number: int | None = None
    instance_number: int | None = None
    contrast_words: tuple[str, ...] = ()
    plane: str = ""
    orientation: tuple[float, ...] = ()
    modality: str = ""
    burned_in: str = "no"
    study_key: str = ""
    role: str = ""
    mosaic_count: int | None = None
    padding: tuple[float, float] | None = None
    assumed_attributes: tuple[str, ...] = ()
    frame_key: str = ""
    unit: str = ""

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Restore from the output of `dataclasses.asdict` after a round trip through JSON."""
        frames = tuple(FrameMetadata.from_dict(frame) for frame in data["frames"])
        tuples = {key: tuple(data[key]) for key in ("contrast_words", "orientation", "assumed_attributes")}
        return cls(**{**data, **tuples, "padding": _to_pair(data["padding"]), "frames": frames})


def _to_pair(values: list[float] | None) -> tuple[float, float] | None:
    return None if values is None else (values[0], values[1])
