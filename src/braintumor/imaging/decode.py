"""Content of an image file -> grey values: limits are checked from the header, before a pixel is unpacked."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from braintumor.errors import ScanError
from braintumor.imaging.grey import grey_of_picture
from braintumor.settings import Settings

_FORMATS = ("JPEG", "PNG")
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_ORIENTATION = 0x0112


def decode(data: bytes, name: str, settings: Settings) -> tuple[NDArray[np.uint8] | NDArray[np.float32], str]:
    """Grey values (height, width) of a JPEG or PNG file, upright, and the file's Pillow mode.

    Raises
    ------
    ScanError
        Not an image, damaged, too many or too few pixels, several frames, or print colours.
    """
    with _opened(data, name) as image:
        mode = image.mode
        _check_header(image, name, settings)
        # The luma plane of a colour JPEG is its grey picture: unpacking that alone takes a third of the time.
        image.draft("L", None)
        try:
            return grey_of_picture(_upright(image)), mode
        # A decoder fed damaged bytes raises whatever its parser stumbles on: struct.error, IndexError, zlib.error.
        except Exception as error:
            raise ScanError(f"{name}: the file is cut short or damaged. Export or copy it again.") from error


def _opened(data: bytes, name: str) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ScanError(
            f"{name}: the image unpacks to far too many pixels. Export the slice at its own size."
        ) from None
    except Exception as error:  # as above: any parser error, here in the header
        if isinstance(error, UnidentifiedImageError) and not data.startswith(_SIGNATURES):
            raise ScanError(
                f"{name}: this is not a JPEG or PNG image, whatever its name says. Export the slice as JPEG or PNG."
            ) from None
        raise ScanError(f"{name}: the file is damaged and cannot be read. Export or copy it again.") from error


def _check_header(image: Image.Image, name: str, settings: Settings) -> None:
    width, height = image.size
    if width * height > settings.max_pixels:
        raise ScanError(
            f"{name}: {width} x {height} pixels is more than the {settings.max_pixels:,} allowed. "
            "Export the slice at its own size."
        )
    if min(width, height) < settings.min_side:
        raise ScanError(
            f"{name}: {width} x {height} pixels is too small to read. "
            f"Give an image of at least {settings.min_side} pixels a side."
        )
    if image.mode == "CMYK":
        raise ScanError(f"{name}: the image is in print colours (CMYK). Save it as a grey or RGB image.")
    if image.format == "PNG" and getattr(image, "n_frames", 1) > 1:
        raise ScanError(f"{name}: the file holds several frames (an animation). Export one slice as one image.")


def _upright(image: Image.Image) -> Image.Image:
    """The picture turned as its EXIF orientation says; as it is where that cannot be read."""
    image.load()
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # damaged EXIF around a sound picture: the picture counts
        orientation = 1
    return ImageOps.exif_transpose(image) if orientation != 1 else image
