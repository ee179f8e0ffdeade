"""Scans compressed in memory, to display them or read them again without their files."""

import base64
import io
import zlib
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.imaging.model_gray import model_gray
from braintumor.imaging.scan import Scan

_THUMBNAIL_SIDE: Final = 72
# Fast, and within a tenth of the best ratio for grey images.
_COMPRESSION_LEVEL: Final = 1


@dataclass(frozen=True, slots=True)
class CompressedArray:
    """A 2-D array compressed with zlib in 8 or 16 bits, which a browser can decode: `stored * slope + intercept`."""

    width: int
    height: int
    bits: int
    data: bytes
    slope: float = 1.0
    intercept: float = 0.0
    is_exact: bool = True

    @classmethod
    def from_array(cls, values: NDArray[np.generic]) -> Self:
        """Compress an array of shape (height, width): uint8 unchanged, others as 16 bits between minimum and maximum.

        Integers with a range of up to 65,535 are stored exactly.
        """
        height, width = values.shape
        if values.dtype == np.uint8:
            return cls(width, height, 8, zlib.compress(np.ascontiguousarray(values).tobytes(), _COMPRESSION_LEVEL))
        low, high = float(values.min()), float(values.max())
        is_exact = high - low <= 65535 and bool(np.all(values == np.rint(values.astype(np.float64))))
        slope = 1.0 if is_exact else (high - low) / 65535 or 1.0
        stored = np.rint((values.astype(np.float64) - low) / slope).astype("<u2")
        return cls(width, height, 16, zlib.compress(stored.tobytes(), _COMPRESSION_LEVEL), slope, low, is_exact)

    def to_array(self) -> NDArray[np.uint8] | NDArray[np.float32]:
        """Decompress to shape (height, width): uint8, or float32 if 16 bits are stored."""
        data = zlib.decompress(self.data)
        shape = (self.height, self.width)
        if self.bits == 8:
            return np.frombuffer(data, np.uint8).reshape(shape)
        stored = np.frombuffer(data, "<u2").reshape(shape)
        return (stored * self.slope + self.intercept).astype(np.float32)


@dataclass(frozen=True, slots=True)
class CompressedScan:
    """A compressed scan.

    Attributes
    ----------
    stub : Scan
        The scan with its metadata but without its pixels.
    gray : CompressedArray
        Grey values, 8 bits.
    high_bit_depth : CompressedArray, optional
        Values before windowing, if the file has more than 8 bits.
    thumbnail : str
        Small JPEG as a data URL.
    model_gray : CompressedArray, optional
        Grey values of the model input, where those before windowing are not stored exactly.
    """

    stub: Scan
    gray: CompressedArray
    high_bit_depth: CompressedArray | None
    thumbnail: str
    model_gray: CompressedArray | None = None

    @classmethod
    def from_scan(cls, scan: Scan) -> Self:
        """Compress a scan."""
        gray = scan.to_uint8()
        raw = None if scan.raw is None else CompressedArray.from_array(scan.raw)
        stub = replace(scan, values=gray[:1, :1].copy(), raw=None, model_gray=None, clean_gray=None)
        exact = None if raw is None or raw.is_exact else CompressedArray.from_array(model_gray(scan))
        return cls(stub, CompressedArray.from_array(gray), raw, _make_thumbnail(gray), exact)

    def to_scan(self) -> Scan:
        """Decompress the scan; its grey values have 8 bits, as the models need them."""
        if self.high_bit_depth is None:
            return replace(self.stub, values=self.gray.to_array())
        raw = self.high_bit_depth.to_array().astype(np.float32)
        exact = None if self.model_gray is None else (raw, self.model_gray.to_array().astype(np.uint8))
        return replace(self.stub, values=self.gray.to_array(), raw=raw, model_gray=exact)


def _make_thumbnail(gray: NDArray[np.uint8]) -> str:
    image = Image.fromarray(gray)
    image.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return to_data_url(image, "JPEG", quality=72)


def to_data_url(image: Image.Image, image_format: str, **options: int) -> str:
    """Encode an image as a `data:` URL."""
    stream = io.BytesIO()
    image.save(stream, image_format, **options)
    return f"data:image/{image_format.lower()};base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"
