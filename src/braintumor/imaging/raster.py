"""Decoding of JPEG, PNG, TIFF, BMP and WebP files; limits are checked from the header, before pixels are decoded."""

import io
import logging
import struct
from typing import Final

from PIL import Image

from braintumor.errors import ScanError
from braintumor.imaging.file_format import FileFormat, detect_polyglot
from braintumor.imaging.windowing import GrayImage, image_to_gray
from braintumor.settings import Settings

_PILLOW_FORMATS: Final = {
    FileFormat.JPEG: "JPEG", FileFormat.PNG: "PNG", FileFormat.TIFF: "TIFF", FileFormat.BMP: "BMP",
    FileFormat.WEBP: "WEBP",
}  # fmt: skip
_EXIF_ORIENTATION_TAG: Final = 0x0112
_EXIF_TRANSPOSES: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
# Bytes per value by TIFF field type; the last three are BigTIFF types.
_FIELD_TYPE_BYTES: Final = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8,
}  # fmt: skip
# Windowing holds several float copies of an image with more than 8 bits.
_HIGH_BIT_DEPTH_DIVISOR: Final = 4
# At debug level Pillow logs the values of tags, which may contain a patient's name.
logging.getLogger("PIL").setLevel(logging.INFO)


def decode_image(
    data: bytes, file_format: FileFormat, name: str, settings: Settings, page: int = 0
) -> tuple[GrayImage, str]:
    """Decode an image file to upright greyscale values (height, width).

    Parameters
    ----------
    data, file_format
        File content, and its format as returned by `detect_format`.
    page : int
        Page of a TIFF file whose directories `count_pages` has checked.

    Returns
    -------
    gray : GrayImage
    mode : str
        Pillow mode of the file.

    Raises
    ------
    ScanError
        The file is damaged, too large or too small, an animation, a polyglot, or uses print colours.
    """
    if other := detect_polyglot(data):
        raise ScanError(f"{name}: the file is both an image and {other}. Export the slice again from its source.")
    with _open_image(data, file_format, name, page) as image:
        mode = image.mode
        _check_header(image, name, settings)
        # The luma channel of a colour JPEG is the grey image; decoding only that takes a third of the time.
        image.draft("L", None)
        try:
            return image_to_gray(_apply_exif_orientation(image), name), mode
        except ScanError:
            raise
        # Damaged data can raise any error of a parser: struct.error, IndexError, zlib.error.
        except Exception as error:
            raise ScanError(f"{name}: the file is truncated or damaged. Export or copy it again.") from error


def _open_image(data: bytes, file_format: FileFormat, name: str, page: int) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=(_PILLOW_FORMATS[file_format],))
        if page:
            image.seek(page)
        return image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ScanError(f"{name}: the image has far too many pixels. Export the slice at its original size.") from None
    except Exception as error:  # any error of a parser, as above
        raise ScanError(f"{name}: the file is damaged and cannot be read. Export or copy it again.") from error


def _check_header(image: Image.Image, name: str, settings: Settings) -> None:
    is_high_bit_depth = image.mode in ("I", "F") or image.mode.startswith("I;16")
    check_size(*image.size, name, settings, is_high_bit_depth)
    if image.mode == "CMYK":
        raise ScanError(f"{name}: the image uses print colours (CMYK). Save it as a greyscale or RGB image.")
    if image.format in ("PNG", "WEBP") and getattr(image, "n_frames", 1) > 1:
        raise ScanError(f"{name}: the file has several frames (an animation). Export one slice as one image.")


def check_size(width: int, height: int, name: str, settings: Settings, is_high_bit_depth: bool = False) -> None:
    """Check the number of pixels against the limits; images with more than 8 bits may have a quarter as many.

    Raises
    ------
    ScanError
        The image is too large or too small.
    """
    limit = settings.max_pixels // (_HIGH_BIT_DEPTH_DIVISOR if is_high_bit_depth else 1)
    if width * height > limit:
        raise ScanError(
            f"{name}: {width} x {height} pixels is more than the {limit:,} allowed. "
            "Export the slice at its original size."
        )
    if min(width, height) < settings.min_side:
        raise ScanError(
            f"{name}: {width} x {height} pixels is too small to read. "
            f"Use an image of at least {settings.min_side} pixels on each side."
        )


def _apply_exif_orientation(image: Image.Image) -> Image.Image:
    """Rotate or flip an image by its EXIF orientation; leave it unchanged if that is unreadable."""
    image.load()
    try:
        orientation = image.getexif().get(_EXIF_ORIENTATION_TAG, 1)
    except Exception:  # damaged EXIF data does not make the image unreadable
        orientation = 1
    # ImageOps.exif_transpose is not used: it rewrites all EXIF data and fails if any of it is invalid.
    transpose = _EXIF_TRANSPOSES.get(orientation)
    return image if transpose is None else image.transpose(transpose)


def count_pages(data: bytes, name: str, settings: Settings) -> int:
    """Count the pages of a TIFF file.

    Raises
    ------
    ScanError
        The file is damaged or has too many pages.
    """
    try:
        return _walk_directories(data, name, settings)
    except (struct.error, OverflowError):  # an offset beyond the file, or beyond the integers of the platform
        raise ScanError(f"{name}: the file is truncated or damaged. Export or copy it again.") from None


def _walk_directories(data: bytes, name: str, settings: Settings) -> int:
    byte_order = "<" if data[:2] == b"II" else ">"
    is_big_tiff = data[2:4] in (b"+\0", b"\0+")
    offset = _unpack_int(data, byte_order, "Q" if is_big_tiff else "I", 8 if is_big_tiff else 4)
    visited: set[int] = set()
    directory_bytes = 0
    while offset:
        if offset in visited:
            raise ScanError(f"{name}: its pages form a loop, so the file is damaged. Export or copy it again.")
        visited.add(offset)
        if len(visited) > settings.max_frames:
            raise ScanError(
                f"{name}: the file has more than the {settings.max_frames:,} pages allowed. "
                "Split it into several files."
            )
        offset, size = _read_directory(data, byte_order, is_big_tiff, offset, name)
        directory_bytes += size
        if directory_bytes > len(data):  # overlapping directories could make the check below take forever
            raise ScanError(f"{name}: its pages overlap, so the file is damaged. Export or copy it again.")
    if not visited:
        raise ScanError(f"{name}: the file has no pages. Export or copy it again.")
    return len(visited)


def _read_directory(data: bytes, byte_order: str, is_big_tiff: bool, offset: int, name: str) -> tuple[int, int]:
    """Return the offset of the next directory and the size of this one, after checking the size of its values."""
    count = _unpack_int(data, byte_order, "Q" if is_big_tiff else "H", offset)
    start, entry_bytes = offset + (8 if is_big_tiff else 2), 20 if is_big_tiff else 12
    end = start + count * entry_bytes
    if end > len(data):
        raise struct.error
    value_bytes = 0
    for entry in range(start, end, entry_bytes):
        field_type = _unpack_int(data, byte_order, "H", entry + 2)
        value_count = _unpack_int(data, byte_order, "Q" if is_big_tiff else "I", entry + 4)
        value_bytes += _FIELD_TYPE_BYTES.get(field_type, 0) * value_count
    if value_bytes > len(data):
        raise ScanError(f"{name}: its tags declare more data than the file contains. Export or copy it again.")
    return _unpack_int(data, byte_order, "Q" if is_big_tiff else "I", end), end - start


def _unpack_int(data: bytes, byte_order: str, code: str, offset: int) -> int:
    return int(struct.unpack_from(byte_order + code, data, offset)[0])
