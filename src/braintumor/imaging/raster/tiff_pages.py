"""Pages of a TIFF file, checked before they are decoded."""

import struct
from typing import Final

from braintumor.errors import ScanError
from braintumor.settings import Settings

# Bytes per value by TIFF field type; the last three are BigTIFF types.
_FIELD_TYPE_BYTES: Final = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8,
}  # fmt: skip
_SHORT: Final = 3
# NewSubfileType, with bits for a smaller copy of another page and for its transparency mask; and its predecessor.
_NEW_SUBFILE_TYPE: Final = 254
_SMALLER_COPY, _TRANSPARENCY_MASK = 1, 4
_SUBFILE_TYPE: Final = 255
_OLD_SMALLER_COPY: Final = 2


def find_pages(data: bytes, name: str, settings: Settings) -> list[int]:
    """Return the indices of the pages of a TIFF file, without smaller copies (thumbnails) and masks of others.

    Raises
    ------
    ScanError
        The file is damaged or has too many pages.
    """
    try:
        are_pages = _walk_directories(data, name, settings)
    except (struct.error, OverflowError):  # an offset beyond the file, or beyond the integers of the platform
        raise ScanError(f"{name}: the file is truncated or damaged. Export or copy it again.") from None
    return [index for index, is_page in enumerate(are_pages) if is_page] or list(range(len(are_pages)))


def directory_offset(data: bytes, page: int) -> int:
    """Return the offset of the directory of a page of a TIFF file that `find_pages` has checked."""
    byte_order = "<" if data[:2] == b"II" else ">"
    is_big_tiff = data[2:4] in (b"+\0", b"\0+")
    count_code, offset_code, count_bytes, entry_bytes = ("Q", "Q", 8, 20) if is_big_tiff else ("H", "I", 2, 12)
    offset = _unpack_int(data, byte_order, offset_code, 8 if is_big_tiff else 4)
    for _ in range(page):
        count = _unpack_int(data, byte_order, count_code, offset)
        offset = _unpack_int(data, byte_order, offset_code, offset + count_bytes + count * entry_bytes)
    return offset


def _walk_directories(data: bytes, name: str, settings: Settings) -> list[bool]:
    """Return for each directory whether it is a page of its own."""
    byte_order = "<" if data[:2] == b"II" else ">"
    is_big_tiff = data[2:4] in (b"+\0", b"\0+")
    offset = _unpack_int(data, byte_order, "Q" if is_big_tiff else "I", 8 if is_big_tiff else 4)
    visited: set[int] = set()
    are_pages: list[bool] = []
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
        offset, size, is_page = _read_directory(data, byte_order, is_big_tiff, offset, name)
        are_pages.append(is_page)
        directory_bytes += size
        if directory_bytes > len(data):  # overlapping directories could make the check below take forever
            raise ScanError(f"{name}: its pages overlap, so the file is damaged. Export or copy it again.")
    if not visited:
        raise ScanError(f"{name}: the file has no pages. Export or copy it again.")
    return are_pages


def _read_directory(data: bytes, byte_order: str, is_big_tiff: bool, offset: int, name: str) -> tuple[int, int, bool]:
    """Return the offset of the next directory, the size of this one, and whether it is a page of its own.

    The size of its values is checked.
    """
    count = _unpack_int(data, byte_order, "Q" if is_big_tiff else "H", offset)
    start, entry_bytes = offset + (8 if is_big_tiff else 2), 20 if is_big_tiff else 12
    end = start + count * entry_bytes
    if end > len(data):
        raise struct.error
    value_bytes = 0
    is_page = True
    for entry in range(start, end, entry_bytes):
        field_type = _unpack_int(data, byte_order, "H", entry + 2)
        value_count = _unpack_int(data, byte_order, "Q" if is_big_tiff else "I", entry + 4)
        is_page = is_page and not _is_part_of_another(data, byte_order, is_big_tiff, entry, field_type)
        value_bytes += _FIELD_TYPE_BYTES.get(field_type, 0) * value_count
    if value_bytes > len(data):
        raise ScanError(f"{name}: its tags declare more data than the file contains. Export or copy it again.")
    return _unpack_int(data, byte_order, "Q" if is_big_tiff else "I", end), end - start, is_page


def _is_part_of_another(data: bytes, byte_order: str, is_big_tiff: bool, entry: int, field_type: int) -> bool:
    """Whether an entry says that its directory is a smaller copy or the mask of another page."""
    tag = _unpack_int(data, byte_order, "H", entry)
    if tag not in (_NEW_SUBFILE_TYPE, _SUBFILE_TYPE):
        return False
    value = _unpack_int(data, byte_order, "H" if field_type == _SHORT else "I", entry + (12 if is_big_tiff else 8))
    return value == _OLD_SMALLER_COPY if tag == _SUBFILE_TYPE else bool(value & (_SMALLER_COPY | _TRANSPARENCY_MASK))


def _unpack_int(data: bytes, byte_order: str, code: str, offset: int) -> int:
    return int(struct.unpack_from(byte_order + code, data, offset)[0])
