"""TIFF pages of more than 8 bits keep all of their bits, in every layout."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from braintumor.errors import ScanError
from braintumor.imaging import FailedScan, read_scan
from braintumor.settings import Settings
from tests.golden.draw import draw_head
from tests.helpers.scan_files.volumes import CASES
from tests.helpers.slices import read_slices
from tests.helpers.tiffs import make_tiff

DRAWN = draw_head(70, 53)
TWELVE_BITS = np.rint(DRAWN * 4095).astype(np.uint16)
EXPECTED = read_scan(TWELVE_BITS)
LAYOUTS = {"one strip": {}, "strips": {"rows_per_strip": 9}, "tiles": {"tile": (16, 32)}}
COMPRESSIONS = {"none": 1, "LZW": 5, "deflate": 8, "PackBits": 32773}


def make_color(gray: np.ndarray) -> np.ndarray:
    """Make RGB samples whose luma is the grey value, to within rounding."""
    return np.repeat(gray[..., None], 3, axis=2)


def assert_shows_the_head(content: bytes, tolerance: float = 1e-4) -> None:
    scan = read_scan(content, "a.tif")
    assert scan.bits == 16
    np.testing.assert_allclose(scan.pixels, EXPECTED.pixels, atol=tolerance)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize(("order", "predictor"), [("<", 1), ("<", 2), (">", 1), (">", 2)])
@pytest.mark.parametrize("planar", [False, True])
def test_16_bit_color_is_decoded_deep(layout, compression, order, predictor, planar):
    content = make_tiff(
        make_color(TWELVE_BITS), order=order, photometric=2, planar=planar, compression=COMPRESSIONS[compression],
        predictor=predictor, **LAYOUTS[layout],
    )  # fmt: skip
    assert_shows_the_head(content)


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "u4", "i4", "u8", "i8", "i2", "u2"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_type_of_grey_sample_is_read(compression, dtype, order):
    values = DRAWN * 2000 - 700 if np.dtype(dtype).kind != "u" else DRAWN * 2000
    content = make_tiff(values.astype(dtype), order=order, compression=COMPRESSIONS[compression], rows_per_strip=20)
    assert_shows_the_head(content, 2e-3)


def test_unsigned_32_bit_values_above_the_signed_range_are_read():
    values = (DRAWN * 1000 + 2**31 - 500).astype(np.uint32)
    assert_shows_the_head(make_tiff(values), 0.2)
    values = np.rint(DRAWN * 4095).astype(np.uint32) * 1_000_000
    assert_shows_the_head(make_tiff(values))


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("predictor", [1, 3])
@pytest.mark.parametrize("photometric", [1, 2], ids=["declared as grey", "RGB"])
def test_floating_point_color_is_read(planar, compression, predictor, photometric):
    content = make_tiff(
        make_color((DRAWN * 3.7 - 1).astype(np.float32)), photometric=photometric, planar=planar,
        compression=COMPRESSIONS[compression], predictor=predictor, tile=(32, 16),
        extra_samples=() if photometric == 2 else (0, 0),
    )  # fmt: skip
    assert_shows_the_head(content, 1e-3)


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("order", ["<", ">"])
def test_packed_samples_are_read(bits, order):
    values = np.rint(DRAWN * (2**bits - 1)).astype(np.uint16)
    assert_shows_the_head(make_tiff(values, order=order, bits=bits, rows_per_strip=11), 2e-3)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_samples_below_8_bits_are_grey_levels(bits):
    levels = np.floor(DRAWN * (2**bits - 1) + 0.5).astype(np.uint8)
    scan = read_scan(make_tiff(levels, bits=bits))
    assert scan.bits == 8
    np.testing.assert_array_equal(scan.to_uint8(), levels * (255 // (2**bits - 1)))


@pytest.mark.parametrize("dtype", ["u2", "u4", "f4", "f8", "i2"])
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_white_is_zero_is_inverted(dtype, compression):
    content = make_tiff((4095.0 - TWELVE_BITS).astype(dtype), photometric=0, compression=COMPRESSIONS[compression])
    assert_shows_the_head(content)


def test_signed_8_bit_values_are_not_taken_for_unsigned_ones():
    scan = read_scan(make_tiff(np.rint(DRAWN * 250 - 125).astype(np.int8)))
    assert np.abs(scan.pixels - EXPECTED.pixels).max() < 0.01


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_transparent_pixels_are_black(dtype):
    opaque = np.where(DRAWN > 0.3, 4095, 0)
    for color in (TWELVE_BITS[..., None], make_color(TWELVE_BITS)):
        samples = np.dstack([color, opaque]).astype(dtype)
        scan = read_scan(make_tiff(samples, photometric=1 if color.shape[2] == 1 else 2, extra_samples=(2,)))
        assert (scan.pixels[DRAWN <= 0.3] == 0).all()
        assert scan.pixels[DRAWN > 0.5].min() > 0.3


@pytest.mark.parametrize("compression", ["deflate", "LZW", "PackBits"])
@pytest.mark.parametrize(("dtype", "predictor"), [("u2", 1), ("u2", 2), ("f4", 1), ("f4", 3)])
def test_decoding_agrees_with_libtiff(compression, dtype, predictor):
    content = make_tiff(
        TWELVE_BITS.astype(dtype), compression=COMPRESSIONS[compression], predictor=predictor, tile=(32, 32)
    )
    with Image.open(io.BytesIO(content)) as image:
        by_libtiff = np.asarray(image, dtype=np.float32)
    np.testing.assert_array_equal(read_scan(content).raw, by_libtiff)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_orientation_is_applied(orientation):
    turns = {3: 2, 6: -1, 8: 1}[orientation]
    scan = read_scan(make_tiff(TWELVE_BITS, tags={274: (orientation,)}))
    np.testing.assert_array_equal(scan.raw, np.rot90(TWELVE_BITS, turns))


def test_pages_of_different_depth_are_read():
    stream = io.BytesIO()
    pages = [
        Image.fromarray(TWELVE_BITS),
        Image.fromarray((DRAWN * 255).astype(np.uint8)),
        Image.fromarray(TWELVE_BITS),
    ]
    pages[0].save(stream, "TIFF", save_all=True, append_images=pages[1:])
    scans = list(read_slices(stream.getvalue(), "a.tif"))
    assert [scan.bits for scan in scans] == [16, 8, 16]
    np.testing.assert_array_equal(scans[2].raw, TWELVE_BITS)


REFUSED = {
    "print colours": ({"photometric": 5}, "print colours"),
    "colour space": ({"photometric": 8}, "not supported"),
    "JPEG": ({"tags": {259: (7,)}}, "compression is not supported for 16-bit values"),
    "complex numbers": ({"tags": {339: (5,)}}, "type that is not supported"),
    "no size": ({"tags": {256: ()}}, "too small"),
    "no strips": ({"tags": {273: ()}}, "truncated or damaged"),
    "short strip": ({"tags": {273: (10**9,)}}, "truncated or damaged"),
    "too large": ({"tags": {256: (50_000,), 257: (50_000,)}}, "pixels is more than"),
    "huge tile": ({"tile": (16, 16), "tags": {322: (2**31 - 16,)}}, "truncated or damaged"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_unsupported_or_damaged_page_is_refused_with_the_reason(case):
    options, problem = REFUSED[case]
    with pytest.raises(ScanError, match=problem):
        read_scan(make_tiff(TWELVE_BITS, **options), "a.tif")


def test_segment_does_not_decompress_beyond_its_declared_size():
    bomb = make_tiff(np.zeros((4000, 4000), np.float64), compression=8)
    offset = struct.unpack_from("<I", bomb, 4)[0]
    entries = {
        struct.unpack_from("<H", bomb, offset + 2 + 12 * index)[0]: offset + 10 + 12 * index for index in range(4)
    }
    content = bytearray(bomb)
    for tag in (256, 257):
        struct.pack_into("<I", content, entries[tag], 40)
    with pytest.raises(ScanError, match="same value"):
        read_scan(bytes(content), "a.tif", Settings(max_volume_bytes=20_000))
    with pytest.raises(ScanError, match="too much data"):
        read_scan(bytes(content), "a.tif", Settings(max_volume_bytes=10_000))


def test_predictor_of_uncompressed_samples_is_ignored_as_by_libtiff():
    assert_shows_the_head(make_tiff(TWELVE_BITS, tags={317: (2,)}))


@pytest.mark.skipif(not CASES.is_dir(), reason="the collected inputs are absent")
def test_collected_white_is_zero_file_is_inverted():
    scan = read_scan(CASES / "grey16_whiteiszero.tif")
    assert scan.pixels[0].mean() < 0.05 < scan.pixels[96:160, 96:160].mean()
    assert not any(isinstance(item, FailedScan) for item in read_slices(CASES / "grey16_whiteiszero.tif", "a.tif"))
