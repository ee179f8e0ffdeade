"""Picture: a scan kept small for the visit, compressed, so that it can be shown and read again without its file."""

import base64
import io
import zlib
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.imaging import Scan

_THUMBNAIL_SIDE: Final = 72
# Fast, and within a tenth of the best for grey pictures.
_COMPRESSION_LEVEL: Final = 1


@dataclass(frozen=True, slots=True)
class CompressedArray:
    """Numbers of a grid, compressed as a browser can take them: 8 or 16 bits, `value = stored * slope + intercept`."""

    width: int
    height: int
    bits: int
    data: bytes
    slope: float = 1.0
    intercept: float = 0.0

    @classmethod
    def from_array(cls, values: NDArray[np.generic]) -> Self:
        """Keep a grid (height, width): uint8 as it is, anything else in 16 bits between its least and its most."""
        height, width = values.shape
        if values.dtype == np.uint8:
            return cls(width, height, 8, zlib.compress(np.ascontiguousarray(values).tobytes(), _COMPRESSION_LEVEL))
        low, high = float(values.min()), float(values.max())
        # Whole numbers that fit stay exactly what they are.
        whole = high - low <= 65535 and bool(np.all(values == np.rint(values.astype(np.float64))))
        slope = 1.0 if whole else (high - low) / 65535 or 1.0
        stored = np.rint((values.astype(np.float64) - low) / slope).astype("<u2")
        return cls(width, height, 16, zlib.compress(stored.tobytes(), _COMPRESSION_LEVEL), slope, low)

    def to_array(self) -> NDArray[np.uint8] | NDArray[np.float32]:
        """The grid again (height, width): uint8, or float32 where there were more bits."""
        raw = zlib.decompress(self.data)
        shape = (self.height, self.width)
        if self.bits == 8:
            return np.frombuffer(raw, np.uint8).reshape(shape)
        stored = np.frombuffer(raw, "<u2").reshape(shape)
        return (stored * self.slope + self.intercept).astype(np.float32)


@dataclass(frozen=True, slots=True)
class CompressedScan:
    """A scan, compressed: its grey values, its deep ones where there are any, and a thumbnail.

    `stub` is the scan without its arrays, so that whatever else is known of it is kept.
    """

    stub: Scan
    gray: CompressedArray
    high_bit_depth: CompressedArray | None
    thumbnail: str

    @classmethod
    def from_scan(cls, scan: Scan) -> Self:
        """Keep a scan."""
        grey = scan.to_uint8()
        deep = None if scan.raw is None else CompressedArray.from_array(scan.raw)
        return cls(
            replace(scan, values=grey[:1, :1].copy(), raw=None),
            CompressedArray.from_array(grey),
            deep,
            _make_thumbnail(grey),
        )

    def to_scan(self) -> Scan:
        """The scan again, in 8 bits, as models take it; deep values lie beside."""
        raw = None if self.high_bit_depth is None else self.high_bit_depth.to_array().astype(np.float32)
        return replace(self.stub, values=self.gray.to_array(), raw=raw)


def _make_thumbnail(gray: NDArray[np.uint8]) -> str:
    image = Image.fromarray(gray)
    image.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return to_data_url(image, "JPEG", quality=72)


def to_data_url(image: Image.Image, image_format: str, **options: int) -> str:
    """A picture as text that a page can show without asking for a file."""
    stream = io.BytesIO()
    image.save(stream, image_format, **options)
    return f"data:image/{image_format.lower()};base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"
