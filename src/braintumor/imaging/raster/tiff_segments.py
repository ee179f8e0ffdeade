"""Strips and tiles of TIFF files: decompressed within the size that they declare, and freed of their predictor."""

import io
import struct
import zlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_NO_COMPRESSION: Final = 1
_DEFLATE: Final = (8, 32946)
# LZW, PackBits, LZMA and Zstandard, whose output does not depend on the type of the samples.
_BYTE_COMPRESSIONS: Final = (5, 32773, 34925, 50000)
BYTE_COMPRESSIONS: Final = (_NO_COMPRESSION, *_DEFLATE, *_BYTE_COMPRESSIONS)
# Those with which libtiff applies a predictor; with the others it ignores the tag.
PREDICTED_COMPRESSIONS: Final = (*_DEFLATE, 5, 34925, 50000)
_HORIZONTAL_PREDICTOR: Final = 2
_FLOAT_PREDICTOR: Final = 3
PREDICTORS: Final = (1, _HORIZONTAL_PREDICTOR, _FLOAT_PREDICTOR)
_REVERSED_BITS: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_LSB_FIRST: Final = 2


def decompress_segment(data: bytes, compression: int, row_bytes: int, rows: int, fill_order: int = 1) -> bytes:
    """Decompress one strip or tile of a TIFF file to `rows * row_bytes` bytes.

    Raises
    ------
    Exception
        The data is damaged: `ValueError`, `zlib.error`, or an error of Pillow.
    """
    size = row_bytes * rows
    if fill_order == _LSB_FIRST:
        data = data.translate(_REVERSED_BITS)
    if compression == _NO_COMPRESSION:
        content = data[:size]
    elif compression in _DEFLATE:
        content = zlib.decompressobj().decompress(data, size)
    else:
        content = _decompress_with_libtiff(data, compression, row_bytes, rows)
    if len(content) < size:
        raise ValueError("the segment is truncated")
    return content


def _decompress_with_libtiff(data: bytes, compression: int, row_bytes: int, rows: int) -> bytes:
    """Decompress bytes as the pixels of an 8-bit TIFF file, whose size limits the output."""
    tags = {256: row_bytes, 257: rows, 258: 8, 259: compression, 262: 1, 277: 1, 278: rows, 279: len(data)}
    offset = 8 + 2 + 12 * (len(tags) + 1) + 4
    entries = sorted({**tags, 273: offset}.items())
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    content = struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + directory + bytes(4) + data
    with Image.open(io.BytesIO(content), formats=("TIFF",)) as image:
        return image.tobytes()


def decode_samples(
    content: bytes, shape: tuple[int, int, int], dtype: np.dtype[Any], bits: int, predictor: int
) -> NDArray[Any]:
    """Interpret the bytes of a strip or tile as samples.

    Parameters
    ----------
    content : bytes
    shape : (int, int, int)
        Rows, columns and samples per pixel.
    dtype : dtype
        Type of the samples, with their byte order. Samples of less than 16 bits are unpacked to it.
    bits : int
        Bits per sample.

    Returns
    -------
    ndarray, shape `shape`
    """
    rows, columns, samples = shape
    if bits != 8 * dtype.itemsize:
        return _unpack_samples(content, shape, dtype, bits)
    if predictor == _FLOAT_PREDICTOR:
        steps = np.frombuffer(content, np.uint8).reshape(rows, columns * dtype.itemsize, samples)
        # Each row holds the first bytes of all values, then the second ones, from the most significant on.
        row_bytes = np.add.accumulate(steps, axis=1, dtype=np.uint8).reshape(rows, dtype.itemsize, columns * samples)
        values = np.ascontiguousarray(row_bytes.transpose(0, 2, 1)).view(dtype.newbyteorder(">"))
        return values.reshape(shape)
    if predictor == _HORIZONTAL_PREDICTOR:
        unsigned = np.dtype(f"u{dtype.itemsize}")
        steps = np.frombuffer(content, unsigned.newbyteorder(dtype.byteorder)).reshape(shape).astype(unsigned)
        return np.add.accumulate(steps, axis=1, dtype=unsigned).view(dtype.newbyteorder("="))
    return np.frombuffer(content, dtype).reshape(shape)


def _unpack_samples(content: bytes, shape: tuple[int, int, int], dtype: np.dtype[Any], bits: int) -> NDArray[Any]:
    """Unpack samples that are not whole bytes, most significant bit first; each row starts at a whole byte."""
    rows, columns, samples = shape
    row_bytes = np.frombuffer(content, np.uint8).reshape(rows, -1)
    bit_values = np.unpackbits(row_bytes, axis=1, count=columns * samples * bits).reshape(rows, -1, bits)
    values = np.zeros(bit_values.shape[:2], dtype)
    for bit in range(bits):
        values = values << 1 | bit_values[..., bit]
    return values.reshape(shape)
