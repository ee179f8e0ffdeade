"""Image formats: TIFF, BMP and WebP read like PNG, TIFF pages as slices, polyglots and wrong file names."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from braintumor.errors import ScanError
from braintumor.imaging import FailedScan, Scan, loading, read_scan, scan_iterator
from braintumor.imaging.file_bytes import sha256_hex
from braintumor.imaging.file_format import FileFormat, detect_format, detect_polyglot
from braintumor.imaging.raster import find_pages
from braintumor.settings import Settings
from tests.golden.draw import make_arrays
from tests.helpers.malformed.valid_files import encode_image, make_zip
from tests.helpers.slices import apply_window, read_slices

GRAY, GRAY_16 = make_arrays()["array-uint8"], make_arrays()["array-uint16"]
IMAGE = Image.fromarray(GRAY)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.tif", encode_image(IMAGE, "TIFF")),
        ("lzw.tiff", encode_image(IMAGE, "TIFF", compression="tiff_lzw")),
        ("deflate.tif", encode_image(IMAGE, "TIFF", compression="tiff_adobe_deflate")),
        ("grey.bmp", encode_image(IMAGE, "BMP")),
        ("lossless.webp", encode_image(IMAGE.convert("RGB"), "WEBP", lossless=True, exact=True)),
    ],
)
def test_lossless_formats_give_the_same_values_as_png(name, content):
    scan = read_scan(content, name)
    assert np.abs(scan.to_uint8().astype(int) - GRAY).max() <= 1, "WebP stores colours, whose luma may be rounded"
    assert (scan.bits, scan.raw, scan.window, scan.warnings) == (8, None, None, ())


def test_16_bit_tiff_equals_16_bit_png_and_keeps_raw_values():
    tiff, png = (
        read_scan(encode_image(Image.fromarray(GRAY_16), image_format), "deep") for image_format in ("TIFF", "PNG")
    )
    np.testing.assert_array_equal(tiff.values, png.values)
    np.testing.assert_array_equal(tiff.raw, GRAY_16)
    np.testing.assert_array_equal(apply_window(tiff.raw, *tiff.window), tiff.to_uint8())


def test_tiff_pages_are_slices_in_order():
    pages = [Image.fromarray(np.roll(GRAY, shift, axis=0)) for shift in (0, 5, 10)]
    scans = list(read_slices(encode_image(pages[0], "TIFF", save_all=True, append_images=pages[1:]), "stack.tif"))
    assert [scan.name for scan in scans] == [f"stack.tif [page {number}]" for number in (1, 2, 3)]
    assert [scan.series.index for scan in scans] == [0, 1, 2]
    assert {(scan.series.key, scan.series.count) for scan in scans} == {(scans[0].series.key, 3)}
    for page, scan in zip(pages, scans, strict=True):
        np.testing.assert_array_equal(scan.to_uint8(), np.asarray(page))


@pytest.mark.parametrize(("tag", "value"), [(254, 1), (254, 4), (255, 2)])
def test_smaller_copies_and_masks_in_a_tiff_are_no_slices(tag, value):
    pages, copy = [Image.fromarray(np.roll(GRAY, shift, axis=0)) for shift in (0, 5)], IMAGE.resize((40, 40))
    for page in pages:  # otherwise Pillow gives them the tags of the first
        page.encoderinfo = {"tiffinfo": {}}
    stack = encode_image(copy, "TIFF", save_all=True, append_images=pages, tiffinfo={tag: value})
    assert [scan.name for scan in read_slices(stack, "a.tif")] == ["a.tif [page 2]", "a.tif [page 3]"]
    single = encode_image(copy, "TIFF", save_all=True, append_images=pages[:1], tiffinfo={tag: value})
    (scan,) = read_slices(single, "a.tif")
    for scan_read in (scan, read_scan(single, "a.tif")):
        np.testing.assert_array_equal(scan_read.values, GRAY)
        assert (scan_read.name, scan_read.series) == ("a.tif", None)


def test_multi_page_file_is_hashed_once(monkeypatch):
    hashed_sizes = []
    for module in (scan_iterator, loading):
        monkeypatch.setattr(module, "sha256_hex", lambda data: (hashed_sizes.append(len(data)), sha256_hex(data))[1])
    first, *others = (
        Image.fromarray(values) for values in np.random.default_rng(1).integers(0, 255, (5, 40, 40), "u1")
    )
    content = encode_image(first, "TIFF", save_all=True, append_images=others)
    assert [scan.sha256 for scan in read_slices(content, "five.tif")] == [sha256_hex(content)] * 5
    assert hashed_sizes == [len(content)]


def test_multi_page_tiff_is_not_a_single_scan_and_pages_are_limited():
    content = encode_image(IMAGE, "TIFF", save_all=True, append_images=[IMAGE] * 3)
    with pytest.raises(ScanError, match="has 4 pages"):
        read_scan(content, "stack.tif")
    results = list(read_slices(content, "stack.tif", Settings(max_frames=3)))
    assert [type(result) for result in results] == [FailedScan]
    assert "more than the 3 pages" in results[0].problem


@pytest.mark.parametrize(
    ("name", "warns"), [("a.jpg", True), ("a.dcm", True), ("a.png", False), ("a", False), ("a.1", False)]
)
def test_wrong_suffix_gives_a_warning(name, warns):
    scan = read_scan(encode_image(IMAGE, "PNG"), name)
    np.testing.assert_array_equal(scan.to_uint8(), GRAY)
    assert bool(scan.warnings) == warns
    assert all("contains a PNG image" in warning for warning in scan.warnings)


def test_image_that_is_also_an_archive_is_rejected():
    content = encode_image(IMAGE, "PNG")
    assert detect_polyglot(content + make_zip({"a": b"x"})) == "a ZIP archive"
    with pytest.raises(ScanError, match="both an image and a ZIP archive"):
        read_scan(content + make_zip({"a": b"x"}), "a.png")
    assert detect_polyglot(content + b"PK\5\6" + bytes(50)) is None, "the signature alone is not an end record"


def test_pixel_limit_of_16_bit_images_is_a_quarter():
    settings = Settings(max_pixels=4 * GRAY_16.size - 1)
    assert read_scan(GRAY, settings=settings).bits == 8
    with pytest.raises(ScanError, match="more than the"):
        read_scan(GRAY_16, settings=settings)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (b"BM", FileFormat.BMP),
        (b"MM\0*", FileFormat.TIFF),
        (b"PK\3\4", FileFormat.ZIP),
        (b"\x1f\x8b", FileFormat.ARCHIVE),
        (b"GIF89a", FileFormat.GIF),
    ],
)
def test_format_is_detected_from_content(start, expected):
    assert detect_format(start + bytes(400), "scan.jpg") is expected


def test_values_that_are_not_finite_are_rejected():
    content = io.BytesIO()
    values = make_arrays()["array-float64"].astype(np.float32)
    values[5, 5] = np.inf
    Image.fromarray(values).save(content, "TIFF")
    with pytest.raises(ScanError, match="not finite"):
        read_scan(content.getvalue(), "float.tif")


def test_tiff_with_an_offset_overflow_fails_alone():
    content = b"II+\0" + struct.pack("<HHQ", 8, 0, 2**64 - 1) + bytes(64)
    scans = list(
        read_slices(make_zip({"a.png": encode_image(IMAGE, "PNG"), "b.tif": content, "c.png": content}), "x.zip")
    )
    assert [type(result) for result in scans] == [Scan, FailedScan, FailedScan]
    assert "truncated or damaged" in scans[1].problem


def test_tiff_with_overlapping_directories_is_rejected_quickly():
    entries = 2_000
    directory = struct.pack("<H", entries) + bytes(12 * entries)
    pages = 50
    content = bytearray(b"II*\0" + struct.pack("<I", 8) + directory + bytes(4 + 12 * pages))
    for page in range(pages):  # each starts twelve bytes after the previous scan, with as many entries
        offset = 8 + 12 * page
        content[offset : offset + 2] = struct.pack("<H", entries)
        content[offset + 2 + 12 * entries : offset + 6 + 12 * entries] = struct.pack("<I", offset + 12)
    with pytest.raises(ScanError, match="overlap"):
        find_pages(bytes(content) + bytes(1_000), "x.tif", Settings())
