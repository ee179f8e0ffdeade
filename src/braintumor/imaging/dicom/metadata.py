"""Facts: all that leaves the process which reads a DICOM file, apart from its pixels."""

from dataclasses import dataclass, field
from typing import Any, Final, Self

# What can be wrong with a file; said without a value of any tag.
PROBLEM_MESSAGES: Final = {
    "damaged": "the DICOM file is cut short or damaged. Export or copy it again.",
    "imageless": "this DICOM file holds no image. Choose the images of the series.",
    "directory": "this is the list of a disc's files (DICOMDIR), not an image. Choose the images of the series.",
    "compression": "its pixels are compressed in a way that cannot be read here. Export the series uncompressed.",
    "layout": "it stores its pixels in a way that cannot be read here. Export the series as plain grey images.",
    "memory": "unpacking it takes more memory than is allowed. Export the series uncompressed.",
    "crashed": "its pixels are damaged so badly that they cannot be decoded. Export or copy it again.",
    "slow": "decoding it took too long. Export the series uncompressed.",
}


@dataclass(frozen=True, slots=True)
class FrameMetadata:
    """One frame: where it lies along the series' normal (mm), how far pixels are apart, what their numbers mean."""

    position: float | None = None
    spacing: tuple[float, float] | None = None
    slope: float = 1.0
    intercept: float = 0.0
    window: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class DicomMetadata:
    """One file, told without any identity.

    Attributes
    ----------
    key : str
        Keyed hash of the series; empty where the file names none.
    number, instance : int, optional
        Of the series, and of the file within it.
    words : tuple of str
        Contrast, in words of a fixed list.
    plane : str
        `axial`, `coronal`, `sagittal`, `oblique`, or empty.
    orientation : tuple of float
        Direction cosines, rounded; empty where unknown.
    modality : str
        `MR`, one of `OTHER_MODALITIES`, `OT` for any other; empty where the file says nothing.
    burned_in : str
        Whether text is burned into the picture: `yes`, `no`, or `maybe` for captured screens that do not say.
    """

    rows: int
    columns: int
    colour: bool
    inverted: bool
    bits: int
    signed: bool
    frames: tuple[FrameMetadata, ...] = field(repr=False)
    key: str = ""
    number: int | None = None
    instance: int | None = None
    words: tuple[str, ...] = ()
    plane: str = ""
    orientation: tuple[float, ...] = ()
    modality: str = ""
    burned_in: str = "no"

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """From plain data, as JSON gives it."""
        frames = tuple(
            FrameMetadata(
                frame["position"],
                _to_pair(frame["spacing"]),
                frame["slope"],
                frame["intercept"],
                _to_pair(frame["window"]),
            )
            for frame in data["frames"]
        )
        lists = {key: tuple(data[key]) for key in ("words", "orientation")}
        return cls(**{**data, **lists, "frames": frames})


def _to_pair(values: list[float] | None) -> tuple[float, float] | None:
    return None if values is None else (values[0], values[1])
