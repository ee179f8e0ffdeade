"""Reading: every kind of image becomes a scan, everything else an error a person understands."""

import hashlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from braintumor.errors import ScanError
from braintumor.imaging import read_scan
from braintumor.settings import Settings
from tests.golden.draw import SCANS, arrays, head

GREY = arrays()["array-uint8"]


def encoded(picture: Image.Image, format_: str = "PNG", **options: object) -> bytes:
    content = io.BytesIO()
    picture.save(content, format_, **options)
    return content.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header promises more pixels than it holds."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def test_an_8_bit_grey_file_keeps_its_very_values():
    scan = read_scan(SCANS / "l.png")
    np.testing.assert_array_equal(scan.to_uint8(), GREY)
    np.testing.assert_allclose(scan.pixels, GREY / 255, atol=1e-7)
    assert (scan.name, scan.mode, scan.bits) == ("l.png", "L", 8)
    assert scan.sha256 == hashlib.sha256((SCANS / "l.png").read_bytes()).hexdigest()
    assert (scan.height, scan.width) == GREY.shape


def test_path_bytes_and_array_give_the_same_pixels():
    path = SCANS / "l.png"
    sources = (path, str(path), path.read_bytes(), bytearray(path.read_bytes()), GREY)
    first, *others = (read_scan(source).to_uint8() for source in sources)
    for other in others:
        np.testing.assert_array_equal(first, other)


@pytest.mark.parametrize("name", ["rgb.png", "rgb-420.jpg", "rgb-444.jpg", "rgb-not-ycc.jpg", "rgb-progressive.jpg"])
def test_colour_becomes_luma(name):
    expected = np.asarray(Image.fromarray(arrays()["array-rgb"]).convert("L"), int)
    difference = np.abs(read_scan(SCANS / name).to_uint8().astype(int) - expected)
    assert difference.mean() < 2, "no more than JPEG costs"


def test_what_is_transparent_counts_as_black():
    clear = np.dstack([np.full((*GREY.shape, 3), 255, np.uint8), np.where(GREY > 50, 255, 0).astype(np.uint8)])
    scan = read_scan(encoded(Image.fromarray(clear)))
    np.testing.assert_array_equal(scan.to_uint8(), np.where(GREY > 50, 255, 0))


def test_a_16_bit_file_fills_the_range_whatever_part_of_it_was_used():
    scan = read_scan(SCANS / "i16.png")
    assert (scan.bits, scan.mode) == (16, "I;16")
    assert scan.pixels.dtype == np.float32
    assert (scan.pixels.min(), scan.pixels.max()) == (0.0, 1.0)
    assert np.corrcoef(scan.pixels.ravel(), head().ravel())[0, 1] > 0.999


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_are_undone(orientation):
    turned = read_scan(SCANS / f"exif-{orientation}.jpg").to_uint8()
    plain = read_scan(SCANS / "exif-1.jpg").to_uint8()
    undo = {
        1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud, 5: np.transpose,
        6: lambda a: np.rot90(a, 1), 7: lambda a: np.rot90(a, 2).T, 8: lambda a: np.rot90(a, -1),
    }[orientation]  # fmt: skip
    np.testing.assert_array_equal(undo(turned), plain)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_damaged_exif_block_does_not_cost_the_picture():
    content = encoded(Image.fromarray(GREY), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert read_scan(content).to_uint8().shape == GREY.shape


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("tag", [0x011A, 0x010F, 0x0100], ids=["resolution", "make", "width"])
def test_an_odd_entry_beside_the_orientation_does_not_cost_the_picture(tag):
    entries = struct.pack("<HHII", tag, 2, 2, 0x41) + struct.pack("<HHII", 0x0112, 3, 1, 6)
    if tag > 0x0112:
        entries = entries[12:] + entries[:12]
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + entries + bytes(4)
    content = encoded(Image.fromarray(GREY), "JPEG", exif=exif)
    assert read_scan(content).to_uint8().shape == GREY.T.shape


@pytest.mark.parametrize("name", sorted(arrays()))
def test_every_kind_of_array_becomes_a_grey_scan(name):
    scan = read_scan(arrays()[name])
    assert (scan.height, scan.width) == GREY.shape
    assert (scan.name, scan.mode) == ("array", "array")
    assert scan.values.dtype in (np.uint8, np.float32)


def test_a_scan_cannot_be_altered_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        read_scan(GREY).values[0, 0] = 1
    assert GREY.flags.writeable


TRUNCATED = (SCANS / "rgb-444.jpg").read_bytes()[:-2000]
CASES = {
    "empty": (b"", "is empty"),
    "text": (b"tumour, honestly\n" * 40, "not a JPEG or PNG"),
    "gif": (encoded(Image.fromarray(GREY), "GIF"), "not a JPEG or PNG"),
    "truncated jpeg": (TRUNCATED, "cut short or damaged"),
    "truncated png": ((SCANS / "rgb.png").read_bytes()[:-2000], "cut short or damaged"),
    "header alone": ((SCANS / "l.png").read_bytes()[:40], "damaged"),
    "bomb": (bomb(60_000, 60_000), "far too many pixels"),
    "too many pixels": (bomb(9_000, 9_000), "more than the 64,000,000 allowed"),
    "too small": (encoded(Image.fromarray(GREY[:20, :20])), "20 x 20 pixels is too small"),
    "one colour": (encoded(Image.new("RGB", (64, 64), (40, 40, 40))), "one colour"),
    "one colour, deep": (encoded(Image.fromarray(np.full((64, 64), 900, np.uint16))), "one colour"),
    "print colours": (encoded(Image.fromarray(GREY).convert("CMYK"), "JPEG"), "print colours"),
    "animation": (
        encoded(Image.fromarray(GREY), save_all=True, append_images=[Image.fromarray(255 - GREY)]),
        "several frames",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_scan_is_refused_in_a_sentence_that_says_what_to_do(case):
    content, said = CASES[case]
    with pytest.raises(ScanError, match=said) as caught:
        read_scan(content, "scan.jpg")
    message = str(caught.value)
    assert message.startswith("scan.jpg: ")
    assert message.count(". ") >= 1, "what is wrong, then what to do"
    assert message.endswith(".")


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("unpacked"))
    with pytest.raises(ScanError, match="allowed"):
        read_scan(bomb(9_000, 9_000))


def test_a_file_over_the_size_limit_is_refused_unread(tmp_path):
    path = tmp_path / "big.png"
    path.write_bytes((SCANS / "l.png").read_bytes())
    settings = Settings(max_bytes=100)
    for source in (path, path.read_bytes()):
        with pytest.raises(ScanError, match="larger than"):
            read_scan(source, settings=settings)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(ScanError, match=r"gone\.png: there is no such file"):
        read_scan(tmp_path / "gone.png")
    with pytest.raises(ScanError, match="this is a folder"):
        read_scan(tmp_path)
    with pytest.raises(ScanError, match="cannot be opened"):
        read_scan("a\0b.png")


ARRAYS = {
    "one dimension": (np.zeros(100, np.uint8), "is no image"),
    "seven channels": (np.zeros((64, 64, 7), np.uint8), "is no image"),
    "no pixels": (np.zeros((0, 64), np.uint8), "too small"),
    "small": (np.zeros((8, 64), np.uint8), "too small"),
    "flat": (np.zeros((64, 64), np.uint8), "one colour"),
    "not finite": (np.full((64, 64), np.nan), "not finite"),
    "overflow": (np.array([[1e308, -1e308] * 20] * 40), "not finite"),
    "complex": (np.zeros((64, 64), complex), "real numbers"),
    "text": (np.full((64, 64), "a"), "real numbers"),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_an_array_that_is_no_scan_is_refused(case):
    array, said = ARRAYS[case]
    with pytest.raises(ScanError, match=said):
        read_scan(array)
