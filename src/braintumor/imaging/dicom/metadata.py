"""Metadata that leaves the DICOM parsing process: free of any patient identity."""

from dataclasses import dataclass, field
from typing import Any, Final, Self

# Error messages by problem code. They contain no tag values, because those may identify a patient.
PROBLEM_MESSAGES: Final = {
    "damaged": "the DICOM file is truncated or damaged. Export or copy it again.",
    "no_image": "this DICOM file contains no image. Select the images of the series.",
    "directory": "this is the index of a disc (DICOMDIR), not an image. Select the images of the series.",
    "compression": "its pixel compression is not supported. Export the series uncompressed.",
    "layout": "its pixel layout is not supported. Export the series as plain greyscale images.",
    "memory": "decoding it takes more memory than is allowed. Export the series uncompressed.",
    "crashed": "its pixel data is too damaged to decode. Export or copy it again.",
    "timeout": "decoding it took too long. Export the series uncompressed.",
}


@dataclass(frozen=True, slots=True)
class FrameMetadata:
    """One frame.

    Attributes
    ----------
    position : float, optional
        Position along the slice normal in mm.
    spacing : (float, float), optional
        Millimetres between rows and between columns.
    slope, intercept : float
        Rescale from stored to real values.
    window : (float, float), optional
        Centre and width, in real values.
    other_windows : tuple of (float, float)
        Further windows of the file, for where the first is useless.
    """

    position: float | None = None
    spacing: tuple[float, float] | None = None
    slope: float = 1.0
    intercept: float = 0.0
    window: tuple[float, float] | None = None
    other_windows: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class DicomMetadata:
    """One file, without patient identity.

    Attributes
    ----------
    rows, columns : int
        Size of a frame in pixels.
    is_color : bool
        Whether pixels have a colour, stored directly or through a palette.
    is_inverted : bool
        Whether low values are bright (MONOCHROME1).
    bits : int
        Bits stored per sample.
    frames : tuple of FrameMetadata
        One per frame.
    series_key : str
        Keyed hash of the series; empty if the file names none.
    series_number, instance_number : int, optional
        Number of the series, and of the file within it.
    contrast_words : tuple of str
        Sequence and contrast agent, as words from a fixed list.
    plane : str
        `axial`, `coronal`, `sagittal`, `oblique`, or empty.
    orientation : tuple of float
        Direction cosines, rounded; empty if unknown.
    modality : str
        `MR`, a key of `NON_MR_MODALITIES`, or `OT` for any other; empty if not stated.
    burned_in : str
        Whether text is burned into the image: `yes`, `no`, or `maybe` for screen captures that do not state it.
    padding : (float, float), optional
        Lowest and highest stored values that are padding.
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
    padding: tuple[float, float] | None = None

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Restore from the output of `dataclasses.asdict` after a round trip through JSON."""
        frames = tuple(
            FrameMetadata(
                **{
                    **frame,
                    "spacing": _to_pair(frame["spacing"]),
                    "window": _to_pair(frame["window"]),
                    "other_windows": tuple((center, width) for center, width in frame["other_windows"]),
                }
            )
            for frame in data["frames"]
        )
        tuples = {key: tuple(data[key]) for key in ("contrast_words", "orientation")}
        return cls(**{**data, **tuples, "frames": frames, "padding": _to_pair(data["padding"])})


def _to_pair(values: list[float] | None) -> tuple[float, float] | None:
    return None if values is None else (values[0], values[1])
