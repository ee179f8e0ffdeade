"""Decompression of gzip content, of one member or several, up to a number of bytes."""

import zlib
from typing import Final

GZIP_SIGNATURE: Final = b"\x1f\x8b"
_GZIP_WBITS: Final = 16 + zlib.MAX_WBITS
_CHUNK_BYTES: Final = 2**16
# bgzip writes one per 64 KB, about 4,000 for a volume of 256 MB. Millions of empty ones would take minutes.
_MAX_MEMBERS: Final = 50_000
# Bytes decompressed after the requested ones to reach the checksum.
_MAX_CHECKED_BYTES: Final = 2**20


def decompress_gzip(data: bytes, size: int) -> bytes:
    """Return the first bytes of gzip content, across its members.

    Parameters
    ----------
    data : bytes
        A gzip file, or its start.
    size : int
        Number of bytes to return. The checksum is compared if little follows.

    Returns
    -------
    bytes
        Fewer than `size` if the content ends before.

    Raises
    ------
    zlib.error
        The data is damaged.
    """
    content = bytearray()
    view, position, members = memoryview(data), 0, 0
    inflater = zlib.decompressobj(_GZIP_WBITS)
    while len(content) < size and position < len(data):
        chunk = view[position : position + _CHUNK_BYTES]
        content += inflater.decompress(chunk, size - len(content))
        if not inflater.eof:
            position += len(chunk) - len(inflater.unconsumed_tail)
            continue
        position += len(chunk) - len(inflater.unused_data)
        members += 1
        # Anything but another member, such as zeros that fill a block, is no content.
        if members == _MAX_MEMBERS or not data.startswith(GZIP_SIGNATURE, position):
            break
        inflater = zlib.decompressobj(_GZIP_WBITS)
    rest = _MAX_CHECKED_BYTES
    while rest > 0 and not inflater.eof and position < len(data):
        chunk = view[position : position + _CHUNK_BYTES]
        rest -= len(inflater.decompress(chunk, rest))
        position += len(chunk) - len(inflater.unconsumed_tail)
    return bytes(content)


def peek_gzip(data: bytes, size: int) -> bytes:
    """Return up to `size` bytes from the start of gzip content; fewer where the data is cut off or damaged."""
    try:
        return decompress_gzip(data[:_CHUNK_BYTES], size)
    except zlib.error:
        return b""
