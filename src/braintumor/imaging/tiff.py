"""Counts the pages of a TIFF file by walking its directories, before any library is let loose on them.

A directory may claim, for each of tens of thousands of tags, that its value is the whole file; and the chain of
directories may be endless. Both cost a reader that believes them its memory or its time.
"""

import struct
from typing import Final

from braintumor.errors import ScanError
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
