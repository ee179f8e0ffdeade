"""Malformed DICOM: what is missing, absurd, endless, nested without end, or two things at once."""

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, MediaStorageDirectoryStorage, RLELossless

from tests.golden.draw import head
from tests.helpers.dicoms import ROOT, compressed, dataset, dicom, encoded

DEEP = np.rint(head() * 4095).astype(np.uint16)
NEEDED = (
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "PixelRepresentation",
    "PhotometricInterpretation",
    "SamplesPerPixel",
)
ABSURD: dict[str, dict[str, Any]] = {
    "rows": {"Rows": 65_535, "Columns": 65_535}, "row": {"Rows": 0}, "bits": {"BitsAllocated": 7},
    "stored": {"BitsStored": 60}, "samples": {"SamplesPerPixel": 4}, "two-samples": {"SamplesPerPixel": 2},
    "photometric": {"PhotometricInterpretation": "NONSENSE"}, "sign": {"PixelRepresentation": 7},
    "frames": {"NumberOfFrames": 2_147_483_647}, "few-frames": {"NumberOfFrames": 50}, "no-pixels": {"PixelData": b""},
    "few-pixels": {"PixelData": bytes(100)}, "slope": {"RescaleSlope": "1E308", "RescaleIntercept": "1E308"},
    "flat": {"PixelData": bytes(DEEP.nbytes)}, "palette": {"PhotometricInterpretation": "PALETTE COLOR"},
    "ybr": {"PhotometricInterpretation": "YBR_FULL", "SamplesPerPixel": 3},
}  # fmt: skip
STREAMS = {"rle": RLELossless, "j2k": JPEG2000Lossless, "jls": JPEGLSLossless, "jpeg": JPEGLosslessSV1}


def malformed_dicom() -> Iterator[tuple[str, bytes]]:
    """None of them is a slice that may be read."""
    for keyword in NEEDED:
        yield f"without-{keyword}.dcm", dicom(DEEP, **{keyword: None})
    for name, tags in ABSURD.items():
        yield f"absurd-{name}.dcm", dicom(DEEP, **tags)
    for name, syntax in STREAMS.items():
        for kind, stream in (("short", b"\xff\xd8"), ("noise", bytes(range(256)) * 8), ("zeros", bytes(2_000))):
            yield f"{kind}-{name}.dcm", compressed(dataset(DEEP), syntax, [stream])
    yield "huge-j2k.dcm", compressed(dataset(DEEP), JPEG2000Lossless, [_huge_j2k()])
    yield "unknown-syntax.dcm", _with_syntax(f"{ROOT}99")
    yield "film-syntax.dcm", _with_syntax("1.2.840.10008.1.2.4.102")
    yield "program-before.dcm", dicom(DEEP, preamble=b"MZ" + bytes(126))
    yield "page-before.dcm", dicom(DEEP, preamble=b"<html>" + bytes(122))
    yield "report.dcm", encoded(_without_pixels())
    listing = _without_pixels()
    listing.SOPClassUID = MediaStorageDirectoryStorage
    yield "listing.dcm", encoded(listing)
    head_only = dicom(DEEP)[:132]
    yield "prefix-only.dcm", head_only
    yield "deep-nest.dcm", head_only + _meta() + _nested(3_000)
    yield "many-items.dcm", head_only + _meta() + _many_items(1_500_000)
    yield (
        "endless-value.dcm",
        head_only + _meta() + struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, 0xFFFFFFFF) + bytes(9_000),
    )
    yield (
        "long-value.dcm",
        head_only + _meta() + struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, 0xFFFFFFF0) + bytes(9_000),
    )
    yield "deflate-bomb.dcm", _deflated_bomb()


def _without_pixels() -> Any:
    data = dataset(DEEP)
    for keyword in ("PixelData", "Rows", "Columns"):
        del data[keyword]
    return data


def _with_syntax(uid: str) -> bytes:
    """The name of the syntax changed after writing, padded to the same length."""
    content, old = dicom(DEEP, "1.2.840.10008.1.2.1"), b"1.2.840.10008.1.2.1\0"
    at = content.index(old)
    new = uid.encode() + b"\0" * (len(uid) % 2)
    grown = struct.pack("<H", len(new))
    return content[: at - 2] + grown + new + content[at + len(old) :]


def _meta() -> bytes:
    """Group 2 with the plain syntax."""
    uid = b"1.2.840.10008.1.2.1\0"
    told = struct.pack("<HH2sH", 2, 0x10, b"UI", len(uid)) + uid
    return struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(told)) + told


def _nested(depth: int) -> bytes:
    """Sequences within sequences."""
    start = struct.pack("<HH2sHI", 0x5200, 0x9229, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    return start * depth


def _many_items(count: int) -> bytes:
    """One sequence of very many items that hold nothing."""
    start = struct.pack("<HH2sHI", 0x5200, 0x9230, b"SQ", 0, 0xFFFFFFFF)
    return start + struct.pack("<HHI", 0xFFFE, 0xE000, 0) * count + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def _huge_j2k() -> bytes:
    """A JPEG 2000 stream that claims 60,000 x 60,000 pixels."""
    size = struct.pack(">HHIIIIIIIIHBBB", 41, 0, 60_000, 60_000, 0, 0, 60_000, 60_000, 0, 0, 1, 15, 1, 1)
    return b"\xff\x4f\xff\x51" + size + b"\xff\x93" + bytes(500) + b"\xff\xd9"


def _deflated_bomb() -> bytes:
    uid = b"1.2.840.10008.1.2.1.99"
    told = struct.pack("<HH2sH", 2, 0x10, b"UI", len(uid)) + uid
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    packed = (packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)) * 2_000
    return bytes(128) + b"DICM" + struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(told)) + told + packed
