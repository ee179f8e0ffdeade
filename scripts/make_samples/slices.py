"""Re-encode single slices as small grey pictures."""

import io
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_JPEG_QUALITY: Final = 85


def encode_gray(path: Path) -> bytes:
    """Return an image as grey JPEG of the same size."""
    with Image.open(path) as image:
        return to_jpeg(np.asarray(image.convert("L")))


def to_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """Encode grey pixels, shape (height, width), as baseline JPEG."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return stream.getvalue()


def pad_to_square(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Shrink grey pixels to fit into a black square."""
    height, width = pixels.shape
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    square = Image.new("L", (side, side))
    resized = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
    square.paste(resized, ((side - size[0]) // 2, (side - size[1]) // 2))
    return np.asarray(square)
