"""TIFF pages with more than 8 bits per sample, decoded to all of their bits.

Pillow reduces 16-bit colour to 8 bits and does not open floating-point colour, 64-bit values and others.
"""

import io
import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import TiffImagePlugin

from braintumor.errors import ScanError
from braintumor.imaging.raster.limits import check_size
from braintumor.imaging.raster.tiff_segments import (
    BYTE_COMPRESSIONS,
    PREDICTED_COMPRESSIONS,
    PREDICTORS,
    decode_samples,
    decompress_segment,
)
from braintumor.imaging.windowing import samples_to_gray
from braintumor.settings import Settings

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER, _ORIENTATION = 256, 257, 258, 259, 262, 266, 274
_STRIP_OFFSETS, _SAMPLES, _STRIP_ROWS, _STRIP_SIZES, _PLANAR, _PREDICTOR = 273, 277, 278, 279, 284, 317
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_SIZES, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 322, 323, 324, 325, 338, 339
_TAGS: Final = (
    _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER, _STRIP_OFFSETS, _SAMPLES, _STRIP_ROWS,
    _STRIP_SIZES, _PLANAR, _PREDICTOR, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_SIZES, _EXTRA_SAMPLES,
    _SAMPLE_FORMAT, _ORIENTATION,
)  # fmt: skip
_BYTE_ORDER = 0  # no tag has this number
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _CMYK = 0, 1, 2, 5
# Types by the tag SampleFormat: unsigned, signed, floating-point, and undefined, which is read as unsigned.
_SAMPLE_KINDS: Final = {1: "u", 2: "i", 3: "f", 4: "u"}
_ASSOCIATED_ALPHA, _UNASSOCIATED_ALPHA = 1, 2
_MAX_SAMPLES: Final = 16
# A strip or tile costs up to a quarter of a millisecond.
_MAX_SEGMENTS: Final = 20_000


def read_deep_tags(data: bytes, directory_offset: int) -> dict[int, Any] | None:
    """Return the tags of a TIFF page that has more than 8 bits per sample, or signed ones; None for all others.

    Parameters
    ----------
    data : bytes
        File whose directories `find_pages` has checked.
    directory_offset : int
        Offset of the page's directory.
    """
    is_big_tiff = data[2:4] in (b"+\0", b"\0+")
    directory = TiffImagePlugin.ImageFileDirectory_v2(data[: 16 if is_big_tiff else 8])
    stream = io.BytesIO(data)
    stream.seek(directory_offset)
    directory.load(stream)
    if max(_values(directory, _BITS, 1)) <= 8 and _values(directory, _SAMPLE_FORMAT, 1)[0] != 2:
        return None
    return {_BYTE_ORDER: ">" if data[:2] == b"MM" else "<"} | {tag: directory[tag] for tag in _TAGS if tag in directory}


def decode_deep_tiff(data: bytes, tags: dict[int, Any], name: str, settings: Settings) -> NDArray[np.float32]:
    """Decode a TIFF page whose tags `read_deep_tags` has returned, to grey values (height, width); higher is brighter.

    Raises
    ------
    ScanError
        The page is too large or too small, or of an unsupported kind.
    Exception
        Any other error on damaged data.
    """
    width, height = _values(tags, _WIDTH, 0)[0], _values(tags, _HEIGHT, 0)[0]
    check_size(width, height, name, settings, is_high_bit_depth=True)
    channels = _values(tags, _SAMPLES, 1)[0]
    dtype, bits = _sample_type(tags, name)
    photometric, compression, predictor = (
        _values(tags, tag, default)[0] for tag, default in ((_PHOTOMETRIC, 1), (_COMPRESSION, 1), (_PREDICTOR, 1))
    )
    if photometric == _CMYK:
        raise ScanError(f"{name}: the image uses print colours (CMYK). Save it as a greyscale or RGB image.")
    if photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB) or not 1 <= channels <= _MAX_SAMPLES:
        raise _unsupported(name, "its colours are of a kind that is not supported")
    if compression not in BYTE_COMPRESSIONS or predictor not in PREDICTORS:
        raise _unsupported(name, f"its compression is not supported for {bits}-bit values")
    if width * height * channels * dtype.itemsize > settings.max_volume_bytes:
        raise ScanError(f"{name}: the image has too much data. Export the slice as greyscale.")
    samples = _decode_segments(data, tags, (height, width, channels), dtype, bits)
    return _select_gray(samples, tags, photometric)


def orientation_of(tags: dict[int, Any]) -> int:
    """Return the orientation of a page as in EXIF: 1 for upright."""
    return _values(tags, _ORIENTATION, 1)[0]


def tiff_mode(tags: dict[int, Any]) -> str:
    """Return the Pillow mode that comes closest: `I;16`, `I` for more bits, `F`, or `RGB`."""
    if _values(tags, _SAMPLES, 1)[0] >= 3:
        return "RGB"
    is_float = _values(tags, _SAMPLE_FORMAT, 1)[0] == 3
    return "F" if is_float else "I" if max(_values(tags, _BITS, 1)) > 16 else "I;16"


def _values(tags: Any, tag: int, default: int | tuple[int, ...]) -> tuple[int, ...]:
    values = tags.get(tag, default)
    values = values if isinstance(values, tuple) else (values,)
    if not values or not all(isinstance(value, int) for value in values):
        raise ValueError("a tag has no integer")
    return values


def _unsupported(name: str, problem: str) -> ScanError:
    return ScanError(f"{name}: {problem}. Save it as an uncompressed greyscale TIFF or as PNG.")


def _sample_type(tags: dict[int, Any], name: str) -> tuple[np.dtype[Any], int]:
    """Return the type of the samples with its byte order, and their number of bits."""
    all_bits, formats = set(_values(tags, _BITS, 1)), set(_values(tags, _SAMPLE_FORMAT, 1))
    bits, sample_format = max(all_bits), max(formats)
    kind = _SAMPLE_KINDS.get(sample_format, "")
    is_packed = 8 < bits < 16 and kind == "u"
    is_whole = bits in (16, 32, 64) or (bits == 8 and kind != "f")
    if len(all_bits) > 1 or len(formats) > 1 or not kind or not (is_packed or is_whole):
        raise _unsupported(name, "its values are of a type that is not supported")
    return (np.dtype(np.uint16), bits) if is_packed else (np.dtype(f"{tags[_BYTE_ORDER]}{kind}{bits // 8}"), bits)


def _decode_segments(
    data: bytes, tags: dict[int, Any], shape: tuple[int, int, int], dtype: np.dtype[Any], bits: int
) -> NDArray[Any]:
    """Decode all strips or tiles; planes of separate channels follow each other."""
    height, width, channels = shape
    is_tiled, is_planar = _TILE_OFFSETS in tags, _values(tags, _PLANAR, 1)[0] == 2 and channels > 1
    segment_width = _values(tags, _TILE_WIDTH, 0)[0] if is_tiled else width
    segment_height = (
        _values(tags, _TILE_HEIGHT, 0)[0] if is_tiled else min(height, _values(tags, _STRIP_ROWS, height)[0])
    )
    segment_channels = 1 if is_planar else channels
    across, down = math.ceil(width / segment_width), math.ceil(height / segment_height)
    count = across * down * (channels if is_planar else 1)
    row_bytes = math.ceil(segment_width * segment_channels * bits / 8)
    offsets = _values(tags, _TILE_OFFSETS if is_tiled else _STRIP_OFFSETS, ())
    sizes = _values(tags, _TILE_SIZES if is_tiled else _STRIP_SIZES, len(data))
    is_oversized = is_tiled and max(segment_width / width, segment_height / height) > 16
    if is_oversized or len(offsets) < count or len(sizes) < count or count > _MAX_SEGMENTS:
        raise ValueError("the strips or tiles do not fit the page")
    compression, fill_order, predictor = (_values(tags, tag, 1)[0] for tag in (_COMPRESSION, _FILL_ORDER, _PREDICTOR))
    if compression not in PREDICTED_COMPRESSIONS:
        predictor = 1
    samples = np.empty(shape, dtype.newbyteorder("="))
    for index in range(count):
        plane, position = divmod(index, across * down)
        top, left = position // across * segment_height, position % across * segment_width
        rows = segment_height if is_tiled else min(segment_height, height - top)
        segment = data[offsets[index] : offsets[index] + (rows * row_bytes if compression == 1 else sizes[index])]
        content = decompress_segment(segment, compression, row_bytes, rows, fill_order)
        values = decode_samples(content, (rows, segment_width, segment_channels), dtype, bits, predictor)
        planes = slice(plane, plane + 1) if is_planar else slice(None)
        samples[top : top + rows, left : left + segment_width, planes] = values[: height - top, : width - left]
    return samples


def _select_gray(samples: NDArray[Any], tags: dict[int, Any], photometric: int) -> NDArray[np.float32]:
    """Convert samples to grey; three unspecified channels that some programs declare as grey are taken for RGB."""
    extra = _values(tags, _EXTRA_SAMPLES, 0)
    has_alpha = extra[0] in (_ASSOCIATED_ALPHA, _UNASSOCIATED_ALPHA)
    is_color = samples.shape[2] >= 3 and (photometric == _RGB or not has_alpha)
    color_count = 3 if is_color else 1
    is_multiplied = not has_alpha or extra[0] == _ASSOCIATED_ALPHA or samples.shape[2] == color_count
    gray = samples_to_gray(samples[..., : color_count if is_multiplied else color_count + 1])
    return gray.min() + gray.max() - gray if photometric == _WHITE_IS_ZERO else gray
