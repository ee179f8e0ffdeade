"""Malformed images: bombs, print colours, animations; and files whose content contradicts their name."""

import struct
import zlib
from collections.abc import Iterator

import nibabel
import numpy as np
from PIL import Image

from tests.golden.draw import draw_head
from tests.helpers.malformed.valid_files import encode_image, make_zip

GRAY = np.rint(draw_head() * 255).astype(np.uint8)
NamedFiles = Iterator[tuple[str, bytes]]


def malformed_images() -> NamedFiles:
    """Yield images that decode to too many pixels, or that are never a slice."""
    image = Image.fromarray(GRAY)
    for width, height in ((60_000, 60_000), (9_000, 9_000), (2**31 - 1, 2**31 - 1), (1, 2**30), (0, 64)):
        yield f"bomb-{width}x{height}.png", png(width, height)
    yield "flat-bomb.png", png(7_900, 7_900, b"\0" * (7_901 * 7_900))
    yield "text-bomb.png", png(64, 64, text=b"x" * (8 * 2**20))
    yield (
        "bomb.bmp",
        struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 54, 0, 0, 54, 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0),
    )
    yield "bomb.webp", b"RIFF\x20\0\0\0WEBPVP8L\x14\0\0\0\x2f" + b"\xff" * 19
    yield "bomb.jpg", _resized_jpeg(encode_image(image, "JPEG"), 65_500, 65_500)
    yield "bomb.tif", tiff({256: 60_000, 257: 60_000})
    yield "excessive-tags.tif", excessive_tags_tiff(60_000)
    yield "loop.tif", tiff({256: 64, 257: 64}, next_offset=8)
    yield "endless.tif", endless_tiff(100_000)
    yield "no-page.tif", b"II*\0\0\0\0\0"
    yield "print.jpg", encode_image(image.convert("CMYK"), "JPEG")
    yield "print.tif", encode_image(image.convert("CMYK"), "TIFF")
    frames = [Image.fromarray(255 - GRAY)]
    yield "animation.png", encode_image(image, "PNG", save_all=True, append_images=frames)
    yield "animation.webp", encode_image(image.convert("RGB"), "WEBP", save_all=True, append_images=frames)
    yield "animation.gif", encode_image(image, "GIF", save_all=True, append_images=frames)
    yield "blank.png", encode_image(Image.new("L", (128, 128), 30), "PNG")
    yield "small.png", encode_image(image.resize((8, 8)), "PNG")
    yield "not-finite.tif", encode_image(Image.fromarray(np.full((64, 64), np.nan, np.float32)), "TIFF")
    yield "bomb.nii.gz", gzipped(_declare_shape(1_000, 1_000, 1_000), zeros=2_000)
    yield "tail.nii.gz", gzipped(nifti(np.zeros((64, 64, 2), np.int16)), zeros=2_000)
    for name, shape in (("huge", (32_000, 32_000, 32_000)), ("flat", (64, 64, 1)), ("none", (0, 64, 64))):
        yield f"{name}.nii", _declare_shape(*shape)


def mislabeled_files(rng: np.random.Generator) -> NamedFiles:
    """Yield files whose content contradicts their name, and polyglots."""
    jpeg, archive = encode_image(Image.fromarray(GRAY), "JPEG"), make_zip({"run.txt": b"x" * 100})
    others = {
        "text": b"not a scan, honestly\n" * 60, "page": b"<!doctype html><script>alert(1)</script>" * 9, "empty": b"",
        "one": b"\0", "zeros": bytes(5000), "ones": b"\xff" * 5000, "program": b"MZ\x90\0" + bytes(900),
        "document": b"%PDF-1.7\n%" + bytes(900), "noise": rng.bytes(9000), "film": b"\0\0\0 ftypisom" + bytes(900),
        "sound": b"RIFF\x24\0\0\0WAVEfmt " + bytes(900), "elf": b"\x7fELF" + bytes(900),
        "tar": bytes(257) + b"ustar\0" + bytes(900), "7z": b"7z\xbc\xaf\x27\x1c" + bytes(900),
        "rar": b"Rar!\x1a\7\0" + bytes(900),
    }  # fmt: skip
    for file_type, content in others.items():
        for suffix in ("jpg", "dcm", "tif", "nii.gz", "zip"):
            yield f"{file_type}.{suffix}", content
    yield "jpeg-and-zip.jpg", jpeg + archive
    yield "png-and-zip.png", encode_image(Image.fromarray(GRAY), "PNG") + archive
    yield "jpeg-and-pdf.jpg", jpeg[:2] + b"\xff\xfe\0\x12%PDF-1.7\n/Type/A\n" + jpeg[2:]
    yield "jpeg-and-dicom.jpg", jpeg[:2] + b"\xff\xfe\0\xfe" + bytes(122) + b"DICM" + bytes(126) + jpeg[2:]


def png(width: int, height: int, pixels: bytes = b"\0", text: bytes = b"") -> bytes:
    """Make a PNG whose header may declare more pixels than the file contains."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    comment = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(text)) if text else b""
    return b"\x89PNG\r\n\x1a\n" + header + comment + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def tiff(tags: dict[int, int], next_offset: int = 0) -> bytes:
    """Make a TIFF with one directory and the offset of the next."""
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + struct.pack("<I", next_offset) + bytes(64)


def excessive_tags_tiff(count: int) -> bytes:
    """Make a TIFF with many tags that each declare the whole file as their value."""
    size = 8 + 2 + 12 * count + 4
    entries = b"".join(struct.pack("<HHII", tag, 1, size, 0) for tag in range(1000, 1000 + count))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", count) + entries + bytes(4)


def endless_tiff(count: int) -> bytes:
    """Make a TIFF with very many empty pages."""
    pages = b"".join(struct.pack("<HI", 0, 8 + 6 * (number + 1)) for number in range(count))
    return b"II*\0\x08\0\0\0" + pages + struct.pack("<HI", 0, 0)


def gzipped(data: bytes, zeros: int) -> bytes:
    """Compress data followed by megabytes of zeros, by repeating one compressed megabyte."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = compressor.compress(data) + compressor.flush(zlib.Z_FULL_FLUSH)
    return start + (compressor.compress(bytes(2**20)) + compressor.flush(zlib.Z_FULL_FLUSH)) * zeros


def _declare_shape(*shape: int) -> bytes:
    """Make a volume whose header declares a different shape than its data."""
    content = bytearray(nifti(np.zeros((64, 64, 1), np.int16)))
    content[40:56] = struct.pack("<8h", 3, *shape, 1, 1, 1, 1)
    return bytes(content)


def nifti(values: np.ndarray) -> bytes:
    return nibabel.Nifti1Image(values, np.eye(4)).to_bytes()


def _resized_jpeg(content: bytes, width: int, height: int) -> bytes:
    """Declare a different size in the header of a JPEG."""
    offset = content.index(b"\xff\xc0") + 5
    return content[:offset] + struct.pack(">HH", height, width) + content[offset + 4 :]
