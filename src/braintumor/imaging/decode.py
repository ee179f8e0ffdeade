"""Content of a picture file -> grey values: limits are checked from the header, before a pixel is unpacked."""

import io
import logging
from typing import Final

from PIL import Image

from braintumor.errors import ScanError
from braintumor.imaging.grey import GrayImage, image_to_gray
from braintumor.imaging.kind import FileFormat, detect_polyglot
from braintumor.settings import Settings

_PILLOW_FORMATS: Final = {
    FileFormat.JPEG: ("JPEG",), FileFormat.PNG: ("PNG",), FileFormat.TIFF: ("TIFF",), FileFormat.BMP: ("BMP",), FileFormat.WEBP: ("WEBP",)
}  # fmt: skip
_EXIF_ORIENTATION_TAG: Final = 0x0112
_EXIF_TRANSPOSES: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
# A deep image is held as floats, several times over while it is windowed.
_HIGH_BIT_DEPTH_DIVISOR: Final = 4
# At its lowest level Pillow logs the value of each tag it meets, and a tag may name a patient.
logging.getLogger("PIL").setLevel(logging.INFO)


def decode_image(
    data: bytes, file_format: FileFormat, name: str, settings: Settings, page: int = 0
) -> tuple[GrayImage, str]:
    """Grey values (height, width) of a picture file, upright, and the file's Pillow mode.

    Parameters
    ----------
    data, kind
        The content, and what `kind_of` made of it: a picture.
    page : int
        Which page of a TIFF file whose directories `braintumor.imaging.tiff.count_pages` has checked.

    Raises
    ------
    ScanError
        Damaged, too many or too few pixels, several frames, two kinds of file at once, or print colours.
    """
    if other := detect_polyglot(data):
        raise ScanError(f"{name}: the file is an image and {other} at once. Export the slice again from its source.")
    with _open_image(data, file_format, name, page) as image:
        mode = image.mode
        _check_header(image, name, settings)
        # The luma plane of a colour JPEG is its grey picture: unpacking that alone takes a third of the time.
        image.draft("L", None)
        try:
            return image_to_gray(_apply_exif_orientation(image), name), mode
        except ScanError:
            raise
        # A decoder fed damaged bytes raises whatever its parser stumbles on: struct.error, IndexError, zlib.error.
        except Exception as error:
            raise ScanError(f"{name}: the file is cut short or damaged. Export or copy it again.") from error


def _open_image(data: bytes, file_format: FileFormat, name: str, page: int) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=_PILLOW_FORMATS[file_format])
        if page:
            image.seek(page)
        return image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ScanError(
            f"{name}: the image unpacks to far too many pixels. Export the slice at its own size."
        ) from None
    except Exception as error:  # as above: any parser error, here in the header
        raise ScanError(f"{name}: the file is damaged and cannot be read. Export or copy it again.") from error


def _check_header(image: Image.Image, name: str, settings: Settings) -> None:
    is_deep = image.mode in ("I", "F") or image.mode.startswith("I;16")
    check_size(*image.size, name, settings, is_deep)
    if image.mode == "CMYK":
        raise ScanError(f"{name}: the image is in print colours (CMYK). Save it as a grey or RGB image.")
    if image.format in ("PNG", "WEBP") and getattr(image, "n_frames", 1) > 1:
        raise ScanError(f"{name}: the file holds several frames (an animation). Export one slice as one image.")


def check_size(width: int, height: int, name: str, settings: Settings, is_high_bit_depth: bool = False) -> None:
    """Refuse an image of too many or too few pixels; one of more than 8 bits may have a quarter as many.

    Raises
    ------
    ScanError
        It is refused.
    """
    allowed = settings.max_pixels // (_HIGH_BIT_DEPTH_DIVISOR if is_high_bit_depth else 1)
    if width * height > allowed:
        raise ScanError(
            f"{name}: {width} x {height} pixels is more than the {allowed:,} allowed. Export the slice at its own size."
        )
    if min(width, height) < settings.min_side:
        raise ScanError(
            f"{name}: {width} x {height} pixels is too small to read. "
            f"Give an image of at least {settings.min_side} pixels a side."
        )


def _apply_exif_orientation(image: Image.Image) -> Image.Image:
    """The picture turned as its EXIF orientation says; as it is where that cannot be read."""
    image.load()
    try:
        orientation = image.getexif().get(_EXIF_ORIENTATION_TAG, 1)
    except Exception:  # damaged EXIF around a sound picture: the picture counts
        orientation = 1
    # Not by ImageOps.exif_transpose, which writes all EXIF anew and fails where any of it is odd.
    turn = _EXIF_TRANSPOSES.get(orientation)
    return image if turn is None else image.transpose(turn)
