"""Scan: one grey image, read and checked, with what is known of its file."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from braintumor.errors import ScanError
from braintumor.imaging.windowing import GrayImage


@dataclass(frozen=True, slots=True)
class FailedScan:
    """What stands in a scan's place where there is none.

    Attributes
    ----------
    name : str
        Name of the file or slice, as a scan's would be.
    problem : str
        A sentence: what is wrong and what to do. It starts with the name.
    sha256 : str, optional
        Hash of the file's bytes, where they could be had.
    """

    name: str
    problem: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class SeriesPosition:
    """Where a slice stands among the slices it was taken with.

    Attributes
    ----------
    key : str
        The same for all slices of a series, and meaningless outside this process: no identifier of a file is in it.
    title : str
        What the series is, in words of a fixed list, such as `Series 3, T1, axial, 24 slices`.
    index, count : int
        Place among the slices, from 0, and how many there are.
    """

    key: str
    title: str
    index: int
    count: int


@dataclass(frozen=True, slots=True)
class Scan:
    """One slice as grey values, upright, with the file it came from.

    Attributes
    ----------
    values : ndarray of uint8 (0 to 255) or float32 (0 to 1), shape (height, width)
        Grey values as they were decoded. 8-bit files stay in 8 bits: no work and no rounding is spent on them.
        Deeper files, windowed, are float32. Read `pixels` or `to_uint8()` where the difference does not matter.
    name : str
        File name without folders, or what the caller calls it.
    sha256 : str
        Hash of the file's bytes, or of the array's bytes where there was no file.
    mode : str
        Pillow mode of the file, such as `L`, `RGB` or `I;16`; `array` where there was no file.
    bits : int
        Bits per sample as decoded: 8, or 16 for anything deeper.
    series : SeriesPlace, optional
        Where the slice stands in its DICOM series, volume or many-paged file.
    spacing : (float, float), optional
        Millimetres from row to row and from column to column of `values`, where the file says.
    raw : ndarray of float32, shape (height, width), optional
        Deep values before windowing (after DICOM's rescale), brighter where they are higher; None for 8-bit scans.
    window : (float, float), optional
        Centre and width that made `values` of `raw`: black below centre - width / 2, white above centre + width / 2.
    warnings : tuple of str
        Sentences the reader should see, such as that text may be burned into the picture.
    modality : str
        What a DICOM file says it is: `MR`, one of `OTHER_MODALITIES`, or `OT`; empty where nothing is said.
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

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.values.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.values.shape[1])

    @property
    def pixels(self) -> NDArray[np.float32]:
        """Grey values from 0 to 1, shape (height, width), float32; computed anew on every use for 8-bit scans."""
        if self.values.dtype == np.uint8:
            return self.values.astype(np.float32) / np.float32(255.0)
        return self.values.astype(np.float32, copy=False)

    def to_uint8(self) -> NDArray[np.uint8]:
        """Grey values from 0 to 255, shape (height, width); what is displayed and what models are fed from."""
        values = self.values if self.values.dtype == np.uint8 else np.rint(self.values * np.float32(255.0))
        return values.astype(np.uint8, copy=False)


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
    """Grey values as a scan.

    Raises
    ------
    ScanError
        They are all the same.
    """
    values = gray.values
    if values.min() == values.max():
        raise ScanError(f"{name}: the whole image is one colour, so there is nothing to read. Check the export.")
    values.setflags(write=False)
    bits = 8 if values.dtype == np.uint8 else 16
    return Scan(values, name, sha256, mode, bits, series, spacing, gray.raw, gray.window, warnings, modality)
