"""Decoding of image files; limits are checked from the header, before pixels are decoded."""

import io
import logging
from typing import Any, Final

from PIL import Image, ImageFile

from braintumor.errors import ScanError
from braintumor.imaging.file_format import FileFormat, detect_polyglot
from braintumor.imaging.raster.deep_png import decode_deep_png, is_deep_png
from braintumor.imaging.raster.limits import check_size
from braintumor.imaging.raster.tiff_pages import directory_offset
from braintumor.imaging.windowing import GrayImage, image_to_gray
from braintumor.settings import Settings

_PILLOW_FORMATS: Final = {
    FileFormat.JPEG: "JPEG", FileFormat.PNG: "PNG", FileFormat.TIFF: "TIFF", FileFormat.BMP: "BMP",
    FileFormat.WEBP: "WEBP", FileFormat.GIF: "GIF", FileFormat.AVIF: "AVIF", FileFormat.JPEG_2000: "JPEG2000",
}  # fmt: skip
# Formats that can be animations, by the name that Pillow uses.
_ANIMATED_FORMATS: Final = {"PNG": "PNG", "WEBP": "WebP", "GIF": "GIF", "AVIF": "AVIF"}
_EXIF_ORIENTATION_TAG: Final = 0x0112
_EXIF_TRANSPOSES: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
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
        Page of a TIFF file whose directories `find_pages` has checked.

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
    if file_format is FileFormat.TIFF and (tags := _read_deep_tags(data, page, name)):
        return _decode_deep_tiff(data, tags, name, settings)
    with _open_image(data, file_format, name, page) as image:
        mode = image.mode
        _check_header(image, name, settings)
        # The luma channel of a colour JPEG is the grey image; decoding only that takes a third of the time.
        image.draft("L", None)
        try:
            decoded = Image.fromarray(decode_deep_png(image, data)) if is_deep_png(image) else image
            decoded.load()
            return image_to_gray(_transpose_upright(decoded, _exif_orientation(image)), name), mode
        except ScanError:
            raise
        # Damaged data can raise any error of a parser: struct.error, IndexError, zlib.error.
        except Exception as error:
            raise ScanError(f"{name}: the file is truncated or damaged. Export or copy it again.") from error


def _open_image(data: bytes, file_format: FileFormat, name: str, page: int) -> ImageFile.ImageFile:
    try:
        image = Image.open(io.BytesIO(data), formats=(_PILLOW_FORMATS[file_format],))
        if page:
            image.seek(page)
        return image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ScanError(f"{name}: the image has far too many pixels. Export the slice at its original size.") from None
    except Exception as error:  # any error of a parser, as above
        raise ScanError(f"{name}: the file is damaged and cannot be read. Export or copy it again.") from error


def _check_header(image: ImageFile.ImageFile, name: str, settings: Settings) -> None:
    is_high_bit_depth = image.mode in ("I", "F") or image.mode.startswith("I;16") or is_deep_png(image)
    check_size(*image.size, name, settings, is_high_bit_depth)
    if image.mode == "CMYK":
        raise ScanError(f"{name}: the image uses print colours (CMYK). Save it as a greyscale or RGB image.")
    if image.format in _ANIMATED_FORMATS and getattr(image, "is_animated", False):
        raise ScanError(
            f"{name}: this is an animated {_ANIMATED_FORMATS[image.format]} with several frames. "
            "Export one slice as one image."
        )


def _exif_orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION_TAG, 1))
    except Exception:  # damaged EXIF data does not make the image unreadable
        return 1


def _transpose_upright(image: Image.Image, orientation: int) -> Image.Image:
    """Rotate or flip an image by its EXIF orientation."""
    # ImageOps.exif_transpose is not used: it rewrites all EXIF data and fails if any of it is invalid.
    transpose = _EXIF_TRANSPOSES.get(orientation)
    return image if transpose is None else image.transpose(transpose)


def _read_deep_tags(data: bytes, page: int, name: str) -> dict[int, Any] | None:
    from braintumor.imaging.raster.deep_tiff import read_deep_tags  # other formats start faster without it

    try:
        return read_deep_tags(data, directory_offset(data, page))
    except Exception as error:  # any error of a parser, as above
        raise ScanError(f"{name}: the file is damaged and cannot be read. Export or copy it again.") from error


def _decode_deep_tiff(data: bytes, tags: dict[int, Any], name: str, settings: Settings) -> tuple[GrayImage, str]:
    from braintumor.imaging.raster.deep_tiff import decode_deep_tiff, orientation_of, tiff_mode

    try:
        image = Image.fromarray(decode_deep_tiff(data, tags, name, settings))
    except ScanError:
        raise
    except Exception as error:  # any error of a parser, as above
        raise ScanError(f"{name}: the file is truncated or damaged. Export or copy it again.") from error
    return image_to_gray(_transpose_upright(image, orientation_of(tags)), name), tiff_mode(tags)
