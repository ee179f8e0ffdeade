"""PNG files with 16 bits per sample, decoded to all of their bits.

Pillow decodes 16-bit colour to its upper bytes. The same decoder with another raw mode gives the lower bytes.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from braintumor.imaging.windowing import samples_to_gray

# Raw modes of Pillow's PNG decoder for 16-bit samples with more than one channel, which it reduces to 8 bits.
_COLOR_RAW_MODES = {"RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L"}
_GRAY_ALPHA_RAW_MODE = "LA;16B"


def is_deep_png(image: ImageFile.ImageFile) -> bool:
    """Whether an opened image is a PNG file with 16 bits per sample that Pillow would reduce to 8."""
    return image.format == "PNG" and _raw_mode(image) in (*_COLOR_RAW_MODES, _GRAY_ALPHA_RAW_MODE)


def decode_deep_png(image: ImageFile.ImageFile, data: bytes) -> NDArray[np.float32]:
    """Decode to grey values, shape (height, width); transparent pixels are black.

    Parameters
    ----------
    image : Image
        Image opened from `data`, not decoded yet.

    Raises
    ------
    Exception
        Any error of Pillow on damaged data.
    """
    raw_mode = _raw_mode(image)
    if raw_mode == _GRAY_ALPHA_RAW_MODE:
        # Four bytes per pixel, as RGBA has: upper and lower byte of grey and of alpha.
        image._mode = "RGBA"
        image.tile = [image.tile[0]._replace(args="RGBA")]
        return samples_to_gray(np.ascontiguousarray(np.asarray(image)).view(">u2"))
    transparent = image.info.get("transparency")
    upper = np.asarray(image)
    with Image.open(io.BytesIO(data), formats=("PNG",)) as second:
        second.tile = [second.tile[0]._replace(args=_COLOR_RAW_MODES[raw_mode])]
        lower = np.asarray(second)
    samples = upper.astype(np.uint16) << np.uint16(8) | lower
    if isinstance(transparent, tuple) and samples.shape[2] == 3:
        is_opaque = (samples != np.array(transparent, np.uint16)).any(axis=2)
        samples = np.dstack([samples, is_opaque * np.uint16(65535)])
    return samples_to_gray(samples)


def _raw_mode(image: ImageFile.ImageFile) -> str:
    args = image.tile[0].args if image.tile else ""
    return args if isinstance(args, str) else ""
