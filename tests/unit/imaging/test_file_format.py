"""Pictures of every kind: TIFF, BMP and WebP read like PNG, pages as slices, and names that promise something else."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from braintumor.errors import ScanError
from braintumor.imaging import FailedScan, file_slices, loading, read_scan
from braintumor.imaging.file_bytes import sha256_hex
from braintumor.imaging.file_format import FileFormat, detect_format, detect_polyglot
from braintumor.imaging.raster import count_pages
from braintumor.settings import Settings
from tests.golden.draw import arrays
from tests.helpers.malformed.valid_files import packed, zipped
from tests.helpers.slices import apply_window, read_slices

GREY, DEEP = arrays()["array-uint8"], arrays()["array-uint16"]
PICTURE = Image.fromarray(GREY)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.tif", packed(PICTURE, "TIFF")),
        ("lzw.tiff", packed(PICTURE, "TIFF", compression="tiff_lzw")),
        ("deflate.tif", packed(PICTURE, "TIFF", compression="tiff_adobe_deflate")),
        ("grey.bmp", packed(PICTURE, "BMP")),
        ("lossless.webp", packed(PICTURE.convert("RGB"), "WEBP", lossless=True, exact=True)),
    ],
)
def test_every_lossless_kind_gives_the_very_values_of_the_png(name, content):
    scan = read_scan(content, name)
    assert np.abs(scan.to_uint8().astype(int) - GREY).max() <= 1, "WebP stores colours: their luma may round"
    assert (scan.bits, scan.raw, scan.window, scan.warnings) == (8, None, None, ())


def test_a_deep_tiff_is_the_deep_png_and_keeps_its_values_for_other_windows():
    tiff, png = (read_scan(packed(Image.fromarray(DEEP), kind), "deep") for kind in ("TIFF", "PNG"))
    np.testing.assert_array_equal(tiff.values, png.values)
    np.testing.assert_array_equal(tiff.raw, DEEP)
    np.testing.assert_array_equal(apply_window(tiff, *tiff.window), tiff.to_uint8())


def test_pages_of_a_tiff_are_slices_in_order():
    pages = [Image.fromarray(np.roll(GREY, shift, axis=0)) for shift in (0, 5, 10)]
    found = list(read_slices(packed(pages[0], "TIFF", save_all=True, append_images=pages[1:]), "stack.tif"))
    assert [one.name for one in found] == [f"stack.tif [page {number}]" for number in (1, 2, 3)]
    assert [one.series.index for one in found] == [0, 1, 2]
    assert {(one.series.key, one.series.count) for one in found} == {(found[0].series.key, 3)}
    for page, one in zip(pages, found, strict=True):
        np.testing.assert_array_equal(one.to_uint8(), np.asarray(page))


def test_a_file_of_many_pages_is_hashed_once(monkeypatch):
    hashed = []
    for room in (file_slices, loading):
        monkeypatch.setattr(room, "sha256_hex", lambda data: (hashed.append(len(data)), sha256_hex(data))[1])
    first, *others = (
        Image.fromarray(values) for values in np.random.default_rng(1).integers(0, 255, (5, 40, 40), "u1")
    )
    content = packed(first, "TIFF", save_all=True, append_images=others)
    assert [scan.sha256 for scan in read_slices(content, "five.tif")] == [sha256_hex(content)] * 5
    assert hashed == [len(content)]


def test_several_pages_are_no_single_scan_and_too_many_are_refused():
    content = packed(PICTURE, "TIFF", save_all=True, append_images=[PICTURE] * 3)
    with pytest.raises(ScanError, match="holds 4 pages"):
        read_scan(content, "stack.tif")
    refused = list(read_slices(content, "stack.tif", Settings(max_frames=3)))
    assert [type(one) for one in refused] == [FailedScan]
    assert "more than the 3 pages" in refused[0].problem


@pytest.mark.parametrize(
    ("name", "warns"), [("a.jpg", True), ("a.dcm", True), ("a.png", False), ("a", False), ("a.1", False)]
)
def test_a_name_that_promises_another_kind_is_warned_about_and_read(name, warns):
    scan = read_scan(packed(PICTURE, "PNG"), name)
    np.testing.assert_array_equal(scan.to_uint8(), GREY)
    assert bool(scan.warnings) == warns
    assert all("holds a PNG image" in warning for warning in scan.warnings)


def test_a_picture_that_is_an_archive_too_is_refused_but_the_same_bytes_within_are_not():
    content = packed(PICTURE, "PNG")
    assert detect_polyglot(content + zipped({"a": b"x"})) == "a ZIP archive"
    with pytest.raises(ScanError, match="an image and a ZIP archive at once"):
        read_scan(content + zipped({"a": b"x"}), "a.png")
    assert detect_polyglot(content + b"PK\5\6" + bytes(50)) is None, (
        "no end record of an archive, only its first letters"
    )


def test_deep_images_may_have_a_quarter_of_the_pixels():
    settings = Settings(max_pixels=4 * DEEP.size - 1)
    assert read_scan(GREY, settings=settings).bits == 8
    with pytest.raises(ScanError, match="more than the"):
        read_scan(DEEP, settings=settings)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"BM", FileFormat.BMP),
        (b"MM\0*", FileFormat.TIFF),
        (b"PK\3\4", FileFormat.ZIP),
        (b"\x1f\x8b", FileFormat.ARCHIVE),
        (b"GIF89a", FileFormat.UNKNOWN),
    ],
)
def test_content_says_what_a_file_is(start, kind):
    assert detect_format(start + bytes(400), "scan.jpg") is kind


def test_what_is_not_finite_is_refused():
    content = io.BytesIO()
    values = arrays()["array-float64"].astype(np.float32)
    values[5, 5] = np.inf
    Image.fromarray(values).save(content, "TIFF")
    with pytest.raises(ScanError, match="not finite"):
        read_scan(content.getvalue(), "float.tif")


def test_a_tiff_whose_directory_lies_beyond_what_can_be_counted_to_costs_its_own_row():
    content = b"II+\0" + struct.pack("<HHQ", 8, 0, 2**64 - 1) + bytes(64)
    found = list(read_slices(zipped({"a.png": packed(PICTURE, "PNG"), "b.tif": content, "c.png": content}), "x.zip"))
    assert [type(one).__name__ for one in found] == ["Scan", "Refusal", "Refusal"]
    assert "cut short or damaged" in found[1].problem


def test_directories_of_a_tiff_that_lie_over_each_other_are_refused_before_they_cost_time():
    entries = 2_000
    directory = struct.pack("<H", entries) + bytes(12 * entries)
    pages = 50
    content = bytearray(b"II*\0" + struct.pack("<I", 8) + directory + bytes(4 + 12 * pages))
    for page in range(pages):  # each begins twelve bytes after the one before, and counts as many entries
        at = 8 + 12 * page
        content[at : at + 2] = struct.pack("<H", entries)
        content[at + 2 + 12 * entries : at + 6 + 12 * entries] = struct.pack("<I", at + 12)
    with pytest.raises(ScanError, match="over each other"):
        count_pages(bytes(content) + bytes(1_000), "x.tif", Settings())
