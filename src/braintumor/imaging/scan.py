"""One greyscale slice with what is known about its file."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import PictureKind, Plane
from braintumor.errors import ScanError
from braintumor.imaging.geometry import Placement
from braintumor.imaging.windowing import FileWindow, GrayImage, unit_to_uint8


@dataclass(frozen=True, slots=True)
class FailedScan:
    """A file or slice that could not be read.

    Attributes
    ----------
    name : str
        Name of the file or slice.
    problem : str
        What is wrong and what to do next. Starts with the name.
    sha256 : str, optional
        Hash of the file's bytes, if they could be read.
    """

    name: str
    problem: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class SkippedScan:
    """A file or slice that was deliberately not read, such as a localizer or a report; it is no error.

    Attributes
    ----------
    name : str
        Name of the file or slice.
    reason : str
        What it is, such as `localizer` or `report`.
    sha256 : str, optional
        Hash of the file's bytes, if they were read.
    """

    name: str
    reason: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class SeriesPosition:
    """Position of a slice in its series.

    Attributes
    ----------
    key : str
        Identical for all slices of a series. Meaningless outside this process: it contains no identifier of a file.
    title : str
        Description made of words from a fixed list, such as `Series 3, T1, axial, 24 slices`.
    index, count : int
        Index of the slice, from 0, and number of slices.
    volume : str
        Identical for all slices of a volume, whatever their plane; empty if the series is its own volume.
    plane : Plane
        Anatomical plane.
    millimetres : float, optional
        Position along the normal of the slices, increasing to the patient's right, front or head.
    is_reformatted : bool
        Whether the slice was cut across the slices that were acquired, which leaves it with little detail.
    """

    key: str
    title: str
    index: int
    count: int
    volume: str = ""
    plane: Plane = Plane.UNKNOWN
    millimetres: float | None = None
    is_reformatted: bool = False


@dataclass(frozen=True, slots=True)
class SliceSource:
    """A slice of a series or volume that is decoded only when it is read.

    Attributes
    ----------
    name, sha256 : str
        As for the scan.
    position : SeriesPosition
    read : callable
        Returns the scan, or None for a blank slice; raises `ScanError`.
    """

    name: str
    sha256: str
    position: SeriesPosition
    read: "Callable[[], Scan | None]" = field(repr=False)


@dataclass(frozen=True, slots=True)
class Scan:
    """One slice as upright greyscale values.

    Attributes
    ----------
    values : ndarray of uint8 (0 to 255) or float32 (0 to 1), shape (height, width)
        Decoded values. Files with 8 bits stay uint8, without rounding; files with more bits are windowed to float32.
        Use `pixels` or `to_uint8()` where the difference does not matter.
    name : str
        File name without folders, or the name given by the caller.
    sha256 : str
        Hash of the file's bytes, or of the array's bytes.
    mode : str
        Pillow mode of the file, such as `L`, `RGB` or `I;16`; `array` for an array.
    bits : int
        Bits per sample as decoded: 8, or 16 for anything with more.
    series : SeriesPosition, optional
        Position in a DICOM series, a volume or a multi-page file.
    spacing : (float, float), optional
        Millimetres between rows and between columns of `values`, if the file states them.
    raw : ndarray of float32, shape (height, width), optional
        Values of more than 8 bits before windowing (after the DICOM rescale); higher is brighter. None for 8-bit scans.
    window : (float, float), optional
        Centre and width that map `raw` to `values`: black at centre - width / 2, white at centre + width / 2.
    warnings : tuple of str
        Sentences for the reader, such as that text may be burned into the image.
    modality : str
        Modality of a DICOM file: `MR`, a key of `NON_MR_MODALITIES`, or `OT` for any other; empty if not stated.
    is_oriented : bool
        Whether the file states the patient's orientation, by which the slice was hung upright.
    is_screen_capture : bool
        Whether a DICOM file says that it is one, so that it need not be a slice whatever its modality.
    picture : PictureKind
        What the picture shows, as detected from its pixels.
    has_text_on_head : bool
        Whether text or marks lie on the head, where they cannot be masked.
    panels : tuple of (left, top, right, bottom)
        Panels of a multi-panel sheet, in pixels; right and bottom are exclusive.
    clean_gray : (ndarray, ndarray of uint8), optional
        `values` as they were examined, and grey values of the model input without text, rulers and page; ignored once
        `values` is replaced.
    has_file_window : bool
        Whether `window` comes from the file.
    model_gray : (ndarray of float32, ndarray of uint8), optional
        Grey values of the model input for a decompressed `raw`, which is not exact; ignored once `raw` is replaced.
    placement : Placement, optional
        Where the slice lies in the patient, if the file states it.
    file_windows : tuple of FileWindow
        Windows that the file states for `raw`.
    unit : str
        Unit of `raw`, such as `HU`; empty if not stated.
    """

    values: NDArray[np.uint8] | NDArray[np.float32] = field(repr=False)
    name: str
    sha256: str
    mode: str
    bits: int
    series: SeriesPosition | None = None
    spacing: tuple[float, float] | None = None
    raw: NDArray[np.float32] | None = field(default=None, repr=False)
    window: tuple[float, float] | None = None
    warnings: tuple[str, ...] = ()
    modality: str = ""
    is_oriented: bool = False
    is_screen_capture: bool = False
    picture: PictureKind = PictureKind.SLICE
    has_text_on_head: bool = False
    panels: tuple[tuple[int, int, int, int], ...] = ()
    clean_gray: tuple[NDArray[np.generic], NDArray[np.uint8]] | None = field(default=None, repr=False)
    has_file_window: bool = False
    model_gray: tuple[NDArray[np.float32], NDArray[np.uint8]] | None = field(default=None, repr=False)
    placement: Placement | None = None
    file_windows: tuple[FileWindow, ...] = ()
    unit: str = ""

    @property
    def height(self) -> int:
        """Number of rows."""
        return int(self.values.shape[0])

    @property
    def width(self) -> int:
        """Number of columns."""
        return int(self.values.shape[1])

    @property
    def is_examined(self) -> bool:
        """Whether `clean_gray` belongs to `values`."""
        return self.clean_gray is not None and self.clean_gray[0] is self.values

    @property
    def pixels(self) -> NDArray[np.float32]:
        """Greyscale values from 0 to 1, shape (height, width), float32; recomputed on every access for 8-bit scans."""
        if self.values.dtype == np.uint8:
            return self.values.astype(np.float32) / np.float32(255.0)
        return self.values.astype(np.float32, copy=False)

    def to_uint8(self) -> NDArray[np.uint8]:
        """Return greyscale values from 0 to 255, shape (height, width), for display.

        Model inputs are made from `braintumor.imaging.model_gray`.
        """
        if self.values.dtype == np.uint8:
            return self.values.astype(np.uint8, copy=False)
        return unit_to_uint8(self.pixels)


def make_scan(
    gray: GrayImage,
    name: str,
    sha256: str,
    mode: str,
    series: SeriesPosition | None = None,
    spacing: tuple[float, float] | None = None,
    warnings: tuple[str, ...] = (),
    modality: str = "",
) -> Scan:
    """Create a scan from greyscale values.

    Raises
    ------
    ScanError
        All values are the same.
    """
    values = gray.values
    if values.min() == values.max():
        raise ScanError(f"{name}: all pixels have the same value, so there is nothing to read. Check the export.")
    values.setflags(write=False)
    bits = 8 if values.dtype == np.uint8 else 16
    return Scan(
        values, name, sha256, mode, bits, series, spacing, gray.raw, gray.window, (*gray.warnings, *warnings), modality,
        has_file_window=gray.has_file_window, file_windows=gray.file_windows,
    )  # fmt: skip
