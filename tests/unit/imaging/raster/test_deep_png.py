"""16-bit PNG files of every colour type keep all of their bits."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from braintumor.errors import ScanError
from braintumor.imaging import read_scan
from braintumor.settings import Settings
from tests.golden.draw import draw_head
from tests.helpers.scan_files.volumes import CASES

DRAWN = draw_head(70, 53)
TWELVE_BITS = np.rint(DRAWN * 4095).astype(np.uint16)
EXPECTED = read_scan(TWELVE_BITS)
COLOR_TYPES = {"grey": 0, "grey and alpha": 4, "RGB": 2, "RGBA": 6}
# First row and column, and steps, of the seven passes of an interlaced PNG.
ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


def make_png(samples: np.ndarray, color_type: int, is_interlaced: bool = False, chunks: bytes = b"") -> bytes:
    passes = [samples[top::rows, left::columns] for top, left, rows, columns in ADAM7] if is_interlaced else [samples]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for part in passes if part.size for row in part)
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], 16, color_type, 0, 0, is_interlaced)
    content = make_chunk(b"IHDR", header) + chunks + make_chunk(b"IDAT", zlib.compress(rows)) + make_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + content


def make_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def make_samples(color_type: int, opaque: int | np.ndarray = 65535) -> np.ndarray:
    channels = [TWELVE_BITS] * (3 if color_type & 2 else 1)
    return np.dstack([*channels, np.broadcast_to(opaque, DRAWN.shape)] if color_type & 4 else channels)


@pytest.mark.parametrize("is_interlaced", [False, True])
@pytest.mark.parametrize("color_type", COLOR_TYPES)
@pytest.mark.parametrize("opaque", [4095, 65535])
def test_12_bit_values_in_16_bits_keep_their_contrast(color_type, is_interlaced, opaque):
    number = COLOR_TYPES[color_type]
    scan = read_scan(make_png(make_samples(number, opaque), number, is_interlaced))
    assert scan.bits == 16
    np.testing.assert_allclose(scan.pixels, EXPECTED.pixels, atol=1e-4)


def test_color_becomes_luma_at_full_depth():
    samples = np.dstack([TWELVE_BITS, TWELVE_BITS // 3, 4095 - TWELVE_BITS])
    luma = samples @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(read_scan(make_png(samples, 2)).raw, luma, atol=1e-2)


@pytest.mark.parametrize("color_type", ["grey and alpha", "RGBA"])
def test_transparent_pixels_are_black(color_type):
    number = COLOR_TYPES[color_type]
    scan = read_scan(make_png(make_samples(number, np.where(DRAWN > 0.3, 65535, 0)), number))
    assert (scan.pixels[DRAWN <= 0.3] == 0).all()
    assert scan.pixels[DRAWN > 0.5].min() > 0.3


def test_transparent_color_is_black():
    samples = np.where(make_samples(2) < 400, 65535, make_samples(2))
    content = make_png(samples, 2, chunks=make_chunk(b"tRNS", struct.pack(">HHH", 65535, 65535, 65535)))
    scan = read_scan(content)
    assert (scan.pixels[TWELVE_BITS < 400] == 0).all()
    assert scan.pixels[TWELVE_BITS > 2000].min() > 0.3


def test_exif_orientation_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6
    content = make_png(make_samples(2), 2, chunks=make_chunk(b"eXIf", exif.tobytes()[6:]))
    np.testing.assert_allclose(read_scan(content).raw, np.rot90(TWELVE_BITS, -1), atol=1e-2)


def test_pixel_limit_is_that_of_high_bit_depths():
    with pytest.raises(ScanError, match="more than the 3,000 allowed"):
        read_scan(make_png(make_samples(2), 2), "a.png", Settings(max_pixels=12_000))


@pytest.mark.parametrize("color_type", ["grey and alpha", "RGB", "RGBA"])
def test_truncated_file_is_an_error(color_type):
    content = make_png(make_samples(COLOR_TYPES[color_type]), COLOR_TYPES[color_type])
    for length in range(40, len(content) - 20, 211):
        with pytest.raises(ScanError):
            read_scan(content[:length], "a.png")


def test_8_bit_color_is_not_windowed():
    stream = io.BytesIO()
    Image.fromarray((make_samples(2) >> 4).astype(np.uint8)).save(stream, "PNG")
    scan = read_scan(stream.getvalue())
    assert (scan.bits, scan.raw) == (8, None)
    np.testing.assert_array_equal(scan.to_uint8(), TWELVE_BITS >> 4)


@pytest.mark.skipif(not CASES.is_dir(), reason="the collected inputs are absent")
def test_collected_12_bit_color_file_is_not_black():
    scan = read_scan(CASES / "rgb16_12bit.png")
    assert scan.bits == 16
    assert 40 < scan.to_uint8().mean() < 100
