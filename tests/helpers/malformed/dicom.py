"""Malformed DICOM: missing, implausible and unterminated values, deep nesting, and polyglots."""

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, MediaStorageDirectoryStorage, RLELossless

from tests.golden.draw import draw_head
from tests.helpers.dicoms import UID_ROOT, encode_compressed, encode_dataset, make_dataset, make_dicom

PIXELS = np.rint(draw_head() * 4095).astype(np.uint16)
# Attributes without a default; the others follow from the pixel data.
REQUIRED_TAGS = ("Rows", "Columns")
IMPLAUSIBLE_TAGS: dict[str, dict[str, Any]] = {
    "rows": {"Rows": 65_535, "Columns": 65_535}, "row": {"Rows": 0}, "bits": {"BitsAllocated": 7},
    "stored": {"BitsStored": 60}, "samples": {"SamplesPerPixel": 4}, "two-samples": {"SamplesPerPixel": 2},
    "photometric": {"PhotometricInterpretation": "NONSENSE"}, "sign": {"PixelRepresentation": 7},
    "frames": {"NumberOfFrames": 2_147_483_647}, "few-frames": {"NumberOfFrames": 50}, "no-pixels": {"PixelData": b""},
    "few-pixels": {"PixelData": bytes(100)}, "slope": {"RescaleSlope": "1E308", "RescaleIntercept": "1E308"},
    "flat": {"PixelData": bytes(PIXELS.nbytes)}, "palette": {"PhotometricInterpretation": "PALETTE COLOR"},
    "ybr": {"PhotometricInterpretation": "YBR_FULL", "SamplesPerPixel": 3},
}  # fmt: skip
STREAMS = {"rle": RLELossless, "j2k": JPEG2000Lossless, "jls": JPEGLSLossless, "jpeg": JPEGLosslessSV1}


def malformed_dicom() -> Iterator[tuple[str, bytes]]:
    """Yield DICOM files without a readable slice."""
    for keyword in REQUIRED_TAGS:
        yield f"without-{keyword}.dcm", make_dicom(PIXELS, **{keyword: None})
    for name, tags in IMPLAUSIBLE_TAGS.items():
        yield f"implausible-{name}.dcm", make_dicom(PIXELS, **tags)
    for name, syntax in STREAMS.items():
        for content_type, stream in (("short", b"\xff\xd8"), ("noise", bytes(range(256)) * 8), ("zeros", bytes(2_000))):
            yield f"{content_type}-{name}.dcm", encode_compressed(make_dataset(PIXELS), syntax, [stream])
    yield "huge-j2k.dcm", encode_compressed(make_dataset(PIXELS), JPEG2000Lossless, [_huge_j2k()])
    yield "unknown-syntax.dcm", _with_syntax(f"{UID_ROOT}99")
    yield "video-syntax.dcm", _with_syntax("1.2.840.10008.1.2.4.102")
    yield "program-preamble.dcm", make_dicom(PIXELS, preamble=b"MZ" + bytes(126))
    yield "html-preamble.dcm", make_dicom(PIXELS, preamble=b"<html>" + bytes(122))
    yield "report.dcm", encode_dataset(_without_pixels())
    directory = _without_pixels()
    directory.SOPClassUID = MediaStorageDirectoryStorage
    yield "directory.dcm", encode_dataset(directory)
    prefix = make_dicom(PIXELS)[:132]
    yield "prefix-only.dcm", prefix
    yield "deep-nest.dcm", prefix + _meta() + _nested(3_000)
    yield "many-items.dcm", prefix + _meta() + _many_items(1_500_000)
    yield (
        "endless-value.dcm",
        prefix + _meta() + struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, 0xFFFFFFFF) + bytes(9_000),
    )
    yield (
        "long-value.dcm",
        prefix + _meta() + struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, 0xFFFFFFF0) + bytes(9_000),
    )
    yield "deflate-bomb.dcm", _deflated_bomb()


def _without_pixels() -> Any:
    data = make_dataset(PIXELS)
    for keyword in ("PixelData", "Rows", "Columns"):
        del data[keyword]
    return data


def _with_syntax(uid: str) -> bytes:
    """Replace the transfer syntax UID after encoding, padded to an even length."""
    content, old = make_dicom(PIXELS, "1.2.840.10008.1.2.1"), b"1.2.840.10008.1.2.1\0"
    offset = content.index(old)
    new = uid.encode() + b"\0" * (len(uid) % 2)
    length = struct.pack("<H", len(new))
    return content[: offset - 2] + length + new + content[offset + len(old) :]


def _meta() -> bytes:
    """Encode the file meta group with the explicit little endian syntax."""
    uid = b"1.2.840.10008.1.2.1\0"
    syntax = struct.pack("<HH2sH", 2, 0x10, b"UI", len(uid)) + uid
    return struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(syntax)) + syntax


def _nested(depth: int) -> bytes:
    """Encode nested sequences."""
    start = struct.pack("<HH2sHI", 0x5200, 0x9229, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    return start * depth


def _many_items(count: int) -> bytes:
    """Encode one sequence with very many empty items."""
    start = struct.pack("<HH2sHI", 0x5200, 0x9230, b"SQ", 0, 0xFFFFFFFF)
    return start + struct.pack("<HHI", 0xFFFE, 0xE000, 0) * count + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def _huge_j2k() -> bytes:
    """Encode a JPEG 2000 stream that declares 60,000 x 60,000 pixels."""
    size = struct.pack(">HHIIIIIIIIHBBB", 41, 0, 60_000, 60_000, 0, 0, 60_000, 60_000, 0, 0, 1, 15, 1, 1)
    return b"\xff\x4f\xff\x51" + size + b"\xff\x93" + bytes(500) + b"\xff\xd9"


def _deflated_bomb() -> bytes:
    uid = b"1.2.840.10008.1.2.1.99"
    syntax = struct.pack("<HH2sH", 2, 0x10, b"UI", len(uid)) + uid
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    compressor.compress(b"") + compressor.flush(zlib.Z_FULL_FLUSH)
    compressed = (compressor.compress(bytes(2**20)) + compressor.flush(zlib.Z_FULL_FLUSH)) * 2_000
    return bytes(128) + b"DICM" + struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(syntax)) + syntax + compressed
