"""Pages of a TIFF file, checked before they are decoded."""

import struct
from typing import Final

from braintumor.errors import ScanError
from braintumor.settings import Settings

# Bytes per value by TIFF field type; the last three are BigTIFF types.
_FIELD_TYPE_BYTES: Final = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8,
}  # fmt: skip


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


def directory_offset(data: bytes, page: int) -> int:
    """Return the offset of the directory of a page of a TIFF file that `count_pages` has checked."""
    byte_order = "<" if data[:2] == b"II" else ">"
    is_big_tiff = data[2:4] in (b"+\0", b"\0+")
    count_code, offset_code, count_bytes, entry_bytes = ("Q", "Q", 8, 20) if is_big_tiff else ("H", "I", 2, 12)
    offset = _unpack_int(data, byte_order, offset_code, 8 if is_big_tiff else 4)
    for _ in range(page):
        count = _unpack_int(data, byte_order, count_code, offset)
        offset = _unpack_int(data, byte_order, offset_code, offset + count_bytes + count * entry_bytes)
    return offset


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
