"""TIFF files of any layout made from arrays, beyond what Pillow writes."""

import math
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BITS_PER_CODE = 9
# With this many codes the decoder's table would need longer ones.
_CODES_PER_TABLE = 250


def make_tiff(
    samples: NDArray[Any],
    *,
    order: str = "<",
    photometric: int = 1,
    planar: bool = False,
    compression: int = 1,
    predictor: int = 1,
    rows_per_strip: int | None = None,
    tile: tuple[int, int] | None = None,
    bits: int | None = None,
    extra_samples: tuple[int, ...] = (),
    tags: dict[int, tuple[int, ...]] | None = None,
) -> bytes:
    """Make a TIFF file of samples (height, width) or (height, width, channels).

    Parameters
    ----------
    compression : int
        1 for none, 5 for LZW, 8 for deflate, 32773 for PackBits.
    predictor : int
        1 for none, 2 for horizontal differences, 3 for those of floating-point values; ignored without LZW or deflate.
    tile : (int, int), optional
        Rows and columns of a tile; strips by default.
    bits : int, optional
        Bits per sample, below those of the array's type; packed with the most significant bit first.
    tags : dict
        Further tags, which replace those made here; an empty tuple leaves one out.
    """
    if compression not in (5, 8):
        predictor = 1
    samples = samples if samples.ndim == 3 else samples[..., None]
    height, width, channels = samples.shape
    planes = [samples[..., index : index + 1] for index in range(channels)] if planar else [samples]
    segments = [
        _compress(_encode(part, order, predictor, bits), compression)
        for plane in planes
        for part in _split(plane, rows_per_strip or height, tile)
    ]
    kind = {"u": 1, "i": 2, "f": 3}[samples.dtype.kind]
    offsets, content = [], b""
    for segment in segments:
        offsets.append(8 + len(content))
        content += segment
    entries: dict[int, tuple[int, ...]] = {
        256: (width,), 257: (height,), 258: (bits or 8 * samples.dtype.itemsize,) * channels, 259: (compression,),
        262: (photometric,), 277: (channels,), 284: (2 if planar else 1,), 317: (predictor,), 338: extra_samples,
        339: (kind,) * channels,
    }  # fmt: skip
    sizes = tuple(map(len, segments))
    if tile:
        entries |= {322: (tile[1],), 323: (tile[0],), 324: tuple(offsets), 325: sizes}
    else:
        entries |= {273: tuple(offsets), 278: (rows_per_strip or height,), 279: sizes}
    return _write(order, content, entries | (tags or {}))


def _split(plane: NDArray[Any], rows_per_strip: int, tile: tuple[int, int] | None) -> list[NDArray[Any]]:
    height, width = plane.shape[:2]
    if tile is None:
        return [plane[top : top + rows_per_strip] for top in range(0, height, rows_per_strip)]
    rows, columns = tile
    padded = np.pad(plane, ((0, -height % rows), (0, -width % columns), (0, 0)))
    corners = [(top, left) for top in range(0, height, rows) for left in range(0, width, columns)]
    return [padded[top : top + rows, left : left + columns] for top, left in corners]


def _encode(part: NDArray[Any], order: str, predictor: int, bits: int | None) -> bytes:
    rows, columns, channels = part.shape
    if bits is not None:
        values = part.reshape(rows, columns * channels).astype(np.uint64)
        places = np.arange(bits - 1, -1, -1, dtype=np.uint64)
        bit_values = (values[..., None] >> places & np.uint64(1)).astype(np.uint8).reshape(rows, -1)
        return np.packbits(bit_values, axis=1).tobytes()
    size = part.dtype.itemsize
    if predictor == 3:
        by_place = np.ascontiguousarray(part.astype(part.dtype.newbyteorder(">"))).view(np.uint8)
        by_place = by_place.reshape(rows, columns * channels, size).transpose(0, 2, 1)
        part = np.ascontiguousarray(by_place).reshape(rows, columns * size, channels)
    elif predictor == 2:
        part = np.ascontiguousarray(part).view(f"u{size}")
    if predictor != 1:
        part = np.concatenate([part[:, :1], np.diff(part, axis=1)], axis=1)
    return part.astype(part.dtype.newbyteorder(order)).tobytes()


def _compress(data: bytes, compression: int) -> bytes:
    if compression == 8:
        return zlib.compress(data)
    if compression == 32773:
        blocks = [data[start : start + 128] for start in range(0, len(data), 128)]
        return b"".join(bytes([len(block) - 1]) + block for block in blocks)
    return _compress_lzw(data) if compression == 5 else data


def _compress_lzw(data: bytes) -> bytes:
    """Encode each byte as a literal, and clear the table before codes become longer."""
    codes: list[int] = []
    for start in range(0, len(data), _CODES_PER_TABLE):
        codes += [256, *data[start : start + _CODES_PER_TABLE]]
    bit_string = "".join(f"{code:0{_BITS_PER_CODE}b}" for code in [*codes, 257])
    return int(bit_string.ljust(math.ceil(len(bit_string) / 8) * 8, "0"), 2).to_bytes(math.ceil(len(bit_string) / 8))


def _write(order: str, content: bytes, entries: dict[int, tuple[int, ...]]) -> bytes:
    """Write a file of one directory, whose numbers are all 32-bit."""
    entries = {tag: values for tag, values in sorted(entries.items()) if values}
    content += b"\0" * (len(content) % 2)
    start = 8 + len(content)
    long_values_at = start + 2 + 12 * len(entries) + 4
    directory, long_values = struct.pack(f"{order}H", len(entries)), b""
    for tag, values in entries.items():
        packed = struct.pack(f"{order}{len(values)}I", *values)
        value = packed if len(values) == 1 else struct.pack(f"{order}I", long_values_at + len(long_values))
        directory += struct.pack(f"{order}HHI", tag, 4, len(values)) + value
        long_values += packed if len(values) > 1 else b""
    byte_order = b"II" if order == "<" else b"MM"
    header = struct.pack(f"{order}2sHI", byte_order, 42, start)
    return header + content + directory + bytes(4) + long_values
