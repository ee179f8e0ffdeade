"""Content of a picture file -> grey values: limits are checked from the header, before a pixel is unpacked."""

import io
import logging
import struct
from typing import Final

from PIL import Image

from braintumor.errors import ScanError
from braintumor.imaging.file_format import FileFormat, detect_polyglot
from braintumor.imaging.windowing import GrayImage, image_to_gray
from braintumor.settings import Settings

# Bytes of one value, by TIFF field type; the last three are BigTIFF's.
_FIELD_TYPE_BYTES: Final = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}


def count_pages(data: bytes, name: str, settings: Settings) -> int:
    """How many pages a TIFF file holds.

    Raises
    ------
    ScanError
        Damaged, or more pages than are allowed.
    """
    try:
        return _walk_directories(data, name, settings)
    except (struct.error, OverflowError):  # the latter where a place lies beyond what can be counted to
        raise ScanError(f"{name}: the file is cut short or damaged. Export or copy it again.") from None


def _walk_directories(data: bytes, name: str, settings: Settings) -> int:
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    at = _unpack_int(data, order, "Q" if big else "I", 8 if big else 4)
    seen: set[int] = set()
    listed = 0
    while at:
        if at in seen:
            raise ScanError(f"{name}: its pages run in a circle, so the file is damaged. Export or copy it again.")
        seen.add(at)
        if len(seen) > settings.max_frames:
            raise ScanError(
                f"{name}: it holds more than the {settings.max_frames:,} pages allowed. Give it in several files."
            )
        at, size = _read_directory(data, order, big, at, name)
        listed += size
        if listed > len(data):  # each is checked entry by entry, so that directories over each other cost for ever
            raise ScanError(f"{name}: its pages lie over each other, so the file is damaged. Export or copy it again.")
    if not seen:
        raise ScanError(f"{name}: the file holds no page. Export or copy it again.")
    return len(seen)


def _read_directory(data: bytes, byte_order: str, is_big_tiff: bool, offset: int, name: str) -> tuple[int, int]:
    """Where the next directory lies, and the bytes of this one, which claims no more than there is."""
    entries = _unpack_int(data, byte_order, "Q" if is_big_tiff else "H", offset)
    start, size = offset + (8 if is_big_tiff else 2), 20 if is_big_tiff else 12
    end = start + entries * size
    if end > len(data):
        raise struct.error
    claimed = 0
    for entry in range(start, end, size):
        kind = _unpack_int(data, byte_order, "H", entry + 2)
        claimed += _FIELD_TYPE_BYTES.get(kind, 0) * _unpack_int(
            data, byte_order, "Q" if is_big_tiff else "I", entry + 4
        )
    if claimed > len(data):
        raise ScanError(f"{name}: its tags claim more than the whole file holds. Export or copy it again.")
    return _unpack_int(data, byte_order, "Q" if is_big_tiff else "I", end), end - start


def _unpack_int(data: bytes, byte_order: str, code: str, offset: int) -> int:
    return int(struct.unpack_from(byte_order + code, data, offset)[0])


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
        Which page of a TIFF file whose directories `braintumor.imaging.raster.count_pages` has checked.

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
