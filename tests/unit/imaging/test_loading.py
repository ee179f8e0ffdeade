"""Reading one scan: every supported image becomes a `Scan`, everything else a clear error."""

import hashlib
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from braintumor.errors import ScanError
from braintumor.imaging import read_scan
from braintumor.settings import Settings
from tests.golden.draw import SCANS, draw_head, make_arrays
from tests.helpers.malformed.valid_files import encode_image

GRAY = make_arrays()["array-uint8"]


def make_bomb(width: int, height: int) -> bytes:
    """Make a PNG whose header declares more pixels than it contains."""

    def chunk(chunk_type: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + chunk_type + data + struct.pack(">I", zlib.crc32(chunk_type + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def test_8_bit_file_keeps_its_exact_values():
    scan = read_scan(SCANS / "l.png")
    np.testing.assert_array_equal(scan.to_uint8(), GRAY)
    np.testing.assert_allclose(scan.pixels, GRAY / 255, atol=1e-7)
    assert (scan.name, scan.mode, scan.bits) == ("l.png", "L", 8)
    assert scan.sha256 == hashlib.sha256((SCANS / "l.png").read_bytes()).hexdigest()
    assert (scan.height, scan.width) == GRAY.shape


def test_path_bytes_and_array_give_the_same_pixels():
    path = SCANS / "l.png"
    sources = (path, str(path), path.read_bytes(), bytearray(path.read_bytes()), GRAY)
    first, *others = (read_scan(source).to_uint8() for source in sources)
    for other in others:
        np.testing.assert_array_equal(first, other)


@pytest.mark.parametrize("name", ["rgb.png", "rgb-420.jpg", "rgb-444.jpg", "rgb-not-ycc.jpg", "rgb-progressive.jpg"])
def test_color_becomes_luma(name):
    expected = np.asarray(Image.fromarray(make_arrays()["array-rgb"]).convert("L"), int)
    difference = np.abs(read_scan(SCANS / name).to_uint8().astype(int) - expected)
    assert difference.mean() < 2, "no more than JPEG compression changes"


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_channel_of_zeros_is_ignored(mode):
    image = Image.fromarray(GRAY).convert(mode)
    image.putalpha(0)
    np.testing.assert_array_equal(read_scan(encode_image(image, "PNG")).values, GRAY)


def test_lightness_of_a_lab_image_is_its_grey():
    image = Image.merge("LAB", [Image.fromarray(GRAY), *[Image.new("L", GRAY.shape[::-1], 128)] * 2])
    np.testing.assert_array_equal(read_scan(encode_image(image, "TIFF")).values, GRAY)


def test_transparent_pixels_are_black():
    rgba = np.dstack([np.full((*GRAY.shape, 3), 255, np.uint8), np.where(GRAY > 50, 255, 0).astype(np.uint8)])
    scan = read_scan(encode_image(Image.fromarray(rgba), "PNG"))
    np.testing.assert_array_equal(scan.to_uint8(), np.where(GRAY > 50, 255, 0))


def test_16_bit_file_is_windowed_to_the_full_range():
    scan = read_scan(SCANS / "i16.png")
    assert (scan.bits, scan.mode) == (16, "I;16")
    assert scan.pixels.dtype == np.float32
    assert (scan.pixels.min(), scan.pixels.max()) == (0.0, 1.0)
    assert np.corrcoef(scan.pixels.ravel(), draw_head().ravel())[0, 1] > 0.999


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation):
    oriented = read_scan(SCANS / f"exif-{orientation}.jpg").to_uint8()
    plain = read_scan(SCANS / "exif-1.jpg").to_uint8()
    undo = {
        1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud, 5: np.transpose,
        6: lambda a: np.rot90(a, 1), 7: lambda a: np.rot90(a, 2).T, 8: lambda a: np.rot90(a, -1),
    }[orientation]  # fmt: skip
    np.testing.assert_array_equal(undo(oriented), plain)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_is_ignored():
    content = encode_image(Image.fromarray(GRAY), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert read_scan(content).to_uint8().shape == GRAY.shape


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("tag", [0x011A, 0x010F, 0x0100], ids=["resolution", "make", "width"])
def test_invalid_exif_entry_does_not_hide_the_orientation(tag):
    entries = struct.pack("<HHII", tag, 2, 2, 0x41) + struct.pack("<HHII", 0x0112, 3, 1, 6)
    if tag > 0x0112:
        entries = entries[12:] + entries[:12]
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + entries + bytes(4)
    content = encode_image(Image.fromarray(GRAY), "JPEG", exif=exif)
    assert read_scan(content).to_uint8().shape == GRAY.T.shape


@pytest.mark.parametrize("name", sorted(make_arrays()))
def test_every_array_type_becomes_a_grey_scan(name):
    scan = read_scan(make_arrays()[name])
    assert (scan.height, scan.width) == GRAY.shape
    assert (scan.name, scan.mode) == ("array", "array")
    assert scan.values.dtype in (np.uint8, np.float32)


def test_scan_values_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        read_scan(GRAY).values[0, 0] = 1
    assert GRAY.flags.writeable


TRUNCATED = (SCANS / "rgb-444.jpg").read_bytes()[:-2000]
CASES = {
    "empty": (b"", "is empty"),
    "text": (b"tumour, honestly\n" * 40, "not a JPEG, PNG"),
    "truncated jpeg": (TRUNCATED, "truncated or damaged"),
    "truncated png": ((SCANS / "rgb.png").read_bytes()[:-2000], "truncated or damaged"),
    "header alone": ((SCANS / "l.png").read_bytes()[:40], "damaged"),
    "bomb": (make_bomb(60_000, 60_000), "far too many pixels"),
    "too many pixels": (make_bomb(9_000, 9_000), "more than the 64,000,000 allowed"),
    "too small": (encode_image(Image.fromarray(GRAY[:20, :20]), "PNG"), "20 x 20 pixels is too small"),
    "uniform": (encode_image(Image.new("RGB", (64, 64), (40, 40, 40)), "PNG"), "all pixels have the same value"),
    "uniform, 16 bits": (
        encode_image(Image.fromarray(np.full((64, 64), 900, np.uint16)), "PNG"),
        "all pixels have the same value",
    ),
    "CMYK": (encode_image(Image.fromarray(GRAY).convert("CMYK"), "JPEG"), "print colours"),
    "animation": (
        encode_image(Image.fromarray(GRAY), "PNG", save_all=True, append_images=[Image.fromarray(255 - GRAY)]),
        "an animated PNG with several frames",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_unreadable_file_is_rejected_with_a_remedy(case):
    content, expected = CASES[case]
    with pytest.raises(ScanError, match=expected) as caught:
        read_scan(content, "scan.jpg")
    message = str(caught.value)
    assert message.startswith("scan.jpg: ")
    assert message.count(". ") >= 1, "what is wrong, then what to do next"
    assert message.endswith(".")


def test_bomb_is_rejected_before_decoding(monkeypatch):
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(ScanError, match="allowed"):
        read_scan(make_bomb(9_000, 9_000))


def test_file_over_the_size_limit_is_rejected(tmp_path):
    path = tmp_path / "big.png"
    path.write_bytes((SCANS / "l.png").read_bytes())
    settings = Settings(max_bytes=100)
    for source in (path, path.read_bytes()):
        with pytest.raises(ScanError, match="larger than"):
            read_scan(source, settings=settings)


def test_missing_file_and_folder_are_reported(tmp_path):
    with pytest.raises(ScanError, match=r"gone\.png: there is no such file"):
        read_scan(tmp_path / "gone.png")
    with pytest.raises(ScanError, match="this is a folder"):
        read_scan(tmp_path)
    with pytest.raises(ScanError, match="cannot be opened"):
        read_scan("a\0b.png")


ARRAYS = {
    "one dimension": (np.zeros(100, np.uint8), "is not an image"),
    "seven channels": (np.zeros((64, 64, 7), np.uint8), "is not an image"),
    "no pixels": (np.zeros((0, 64), np.uint8), "too small"),
    "small": (np.zeros((8, 64), np.uint8), "too small"),
    "uniform": (np.zeros((64, 64), np.uint8), "all pixels have the same value"),
    "not finite": (np.full((64, 64), np.nan), "not finite"),
    "overflow": (np.array([[1e308, -1e308] * 20] * 40), "not finite"),
    "complex": (np.zeros((64, 64), complex), "real numbers"),
    "text": (np.full((64, 64), "a"), "real numbers"),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_invalid_array_is_rejected(case):
    array, expected = ARRAYS[case]
    with pytest.raises(ScanError, match=expected):
        read_scan(array)
