"""Hostile pictures: bombs, print colours, animations; and files that are not what they are called."""

import struct
import zlib
from collections.abc import Iterator

import nibabel
import numpy as np
from PIL import Image

from tests.golden.draw import head
from tests.helpers.malformed.valid_files import packed, zipped

GREY = np.rint(head() * 255).astype(np.uint8)
Named = Iterator[tuple[str, bytes]]


def pictures() -> Named:
    """Pictures that unpack to too much, or that a slice never is."""
    picture = Image.fromarray(GREY)
    for width, height in ((60_000, 60_000), (9_000, 9_000), (2**31 - 1, 2**31 - 1), (1, 2**30), (0, 64)):
        yield f"bomb-{width}x{height}.png", png(width, height)
    yield "flat-bomb.png", png(7_900, 7_900, b"\0" * (7_901 * 7_900))
    yield "text-bomb.png", png(64, 64, text=b"x" * (8 * 2**20))
    yield (
        "bomb.bmp",
        struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 54, 0, 0, 54, 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0),
    )
    yield "bomb.webp", b"RIFF\x20\0\0\0WEBPVP8L\x14\0\0\0\x2f" + b"\xff" * 19
    yield "bomb.jpg", _resized_jpeg(packed(picture, "JPEG"), 65_500, 65_500)
    yield "bomb.tif", tiff({256: 60_000, 257: 60_000})
    yield "hungry.tif", hungry_tiff(60_000)
    yield "circle.tif", tiff({256: 64, 257: 64}, following=8)
    yield "endless.tif", endless_tiff(100_000)
    yield "no-page.tif", b"II*\0\0\0\0\0"
    yield "print.jpg", packed(picture.convert("CMYK"), "JPEG")
    yield "print.tif", packed(picture.convert("CMYK"), "TIFF")
    others = [Image.fromarray(255 - GREY)]
    yield "moving.png", packed(picture, "PNG", save_all=True, append_images=others)
    yield "moving.webp", packed(picture.convert("RGB"), "WEBP", save_all=True, append_images=others)
    yield "moving.gif", packed(picture, "GIF", save_all=True, append_images=others)
    yield "blank.png", packed(Image.new("L", (128, 128), 30), "PNG")
    yield "small.png", packed(picture.resize((8, 8)), "PNG")
    yield "nowhere.tif", packed(Image.fromarray(np.full((64, 64), np.nan, np.float32)), "TIFF")
    yield "bomb.nii.gz", gzipped(_claiming(1_000, 1_000, 1_000), zeros=2_000)
    yield "tail.nii.gz", gzipped(nifti(np.zeros((64, 64, 2), np.int16)), zeros=2_000)
    for name, shape in (("huge", (32_000, 32_000, 32_000)), ("flat", (64, 64, 1)), ("none", (0, 64, 64))):
        yield f"{name}.nii", _claiming(*shape)


def deceptive(chance: np.random.Generator) -> Named:
    """Files that are not what they are called, or two things at once."""
    jpeg, archive = packed(Image.fromarray(GREY), "JPEG"), zipped({"run.txt": b"x" * 100})
    others = {
        "text": b"not a scan, honestly\n" * 60, "page": b"<!doctype html><script>alert(1)</script>" * 9, "empty": b"",
        "one": b"\0", "zeros": bytes(5000), "ones": b"\xff" * 5000, "program": b"MZ\x90\0" + bytes(900),
        "document": b"%PDF-1.7\n%" + bytes(900), "noise": chance.bytes(9000), "film": b"\0\0\0 ftypisom" + bytes(900),
        "sound": b"RIFF\x24\0\0\0WAVEfmt " + bytes(900), "elf": b"\x7fELF" + bytes(900),
        "tar": bytes(257) + b"ustar\0" + bytes(900), "7z": b"7z\xbc\xaf\x27\x1c" + bytes(900),
        "rar": b"Rar!\x1a\7\0" + bytes(900),
    }  # fmt: skip
    for kind, content in others.items():
        for suffix in ("jpg", "dcm", "tif", "nii.gz", "zip"):
            yield f"{kind}.{suffix}", content
    yield "jpeg-and-zip.jpg", jpeg + archive
    yield "png-and-zip.png", packed(Image.fromarray(GREY), "PNG") + archive
    yield "jpeg-and-pdf.jpg", jpeg[:2] + b"\xff\xfe\0\x12%PDF-1.7\n/Type/A\n" + jpeg[2:]
    yield "jpeg-and-dicom.jpg", jpeg[:2] + b"\xff\xfe\0\xfe" + bytes(122) + b"DICM" + bytes(126) + jpeg[2:]


def png(width: int, height: int, pixels: bytes = b"\0", text: bytes = b"") -> bytes:
    """A PNG whose header may promise more than it holds."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    told = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(text)) if text else b""
    return b"\x89PNG\r\n\x1a\n" + header + told + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def tiff(tags: dict[int, int], following: int = 0) -> bytes:
    """A TIFF of one directory, and the place of the next it names."""
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + struct.pack("<I", following) + bytes(64)


def hungry_tiff(count: int) -> bytes:
    """Each of its many tags claims the whole file as its value."""
    size = 8 + 2 + 12 * count + 4
    entries = b"".join(struct.pack("<HHII", tag, 1, size, 0) for tag in range(1000, 1000 + count))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", count) + entries + bytes(4)


def endless_tiff(count: int) -> bytes:
    """Very many pages of nothing."""
    pages = b"".join(struct.pack("<HI", 0, 8 + 6 * (number + 1)) for number in range(count))
    return b"II*\0\x08\0\0\0" + pages + struct.pack("<HI", 0, 0)


def gzipped(data: bytes, zeros: int) -> bytes:
    """Data and very many zeros after it: a megabyte of them is packed once, and stands there so many times."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + (packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)) * zeros


def _claiming(*shape: int) -> bytes:
    """A volume whose header claims another shape than it has."""
    content = bytearray(nifti(np.zeros((64, 64, 1), np.int16)))
    content[40:56] = struct.pack("<8h", 3, *shape, 1, 1, 1, 1)
    return bytes(content)


def nifti(values: np.ndarray) -> bytes:
    return nibabel.Nifti1Image(values, np.eye(4)).to_bytes()


def _resized_jpeg(content: bytes, width: int, height: int) -> bytes:
    """A JPEG that claims another size."""
    at = content.index(b"\xff\xc0") + 5
    return content[:at] + struct.pack(">HH", height, width) + content[at + 4 :]
