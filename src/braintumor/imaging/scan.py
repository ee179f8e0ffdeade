"""Scan: one grey image, read and checked, with what is known of its file."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Scan:
    """One slice as grey values, upright, with the file it came from.

    Attributes
    ----------
    pixels : ndarray of float32, shape (height, width)
        Grey values from 0 to 1.
    name : str
        File name without folders.
    sha256 : str
        Hash of the file's bytes, or of the array's bytes where there was no file.
    mode : str
        Pillow mode of the file, such as `L`, `RGB` or `I;16`; `array` where there was no file.
    bits : int
        Bits per sample in the file.
    """

    pixels: NDArray[np.float32] = field(repr=False)
    name: str
    sha256: str
    mode: str
    bits: int

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    def to_uint8(self) -> NDArray[np.uint8]:
        """Grey values from 0 to 255, shape (height, width), for display."""
        return np.rint(self.pixels * 255.0).astype(np.uint8)
