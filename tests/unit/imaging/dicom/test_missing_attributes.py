"""Missing and unsupported pixel attributes: a default and a warning, or an error that names the attribute."""

import io

import numpy as np
import pytest
from PIL import Image
from pydicom import uid

from braintumor.errors import ScanError
from braintumor.imaging import read_scan
from tests.golden.draw import draw_head, make_arrays
from tests.helpers.dicoms import encode_compressed, make_dataset, make_dicom
from tests.helpers.malformed.valid_files import encode_image
from tests.helpers.scan_files.volumes import CASES

GRAY, GRAY_16, COLOR = (make_arrays()[f"array-{name}"] for name in ("uint8", "uint16", "rgb"))
SIGNED = np.rint(draw_head() * 3000 - 1000).astype(np.int16)
ATTRIBUTES = (
    "BitsStored", "HighBit", "PixelRepresentation", "PhotometricInterpretation", "SamplesPerPixel", "BitsAllocated",
)  # fmt: skip


@pytest.mark.parametrize("missing", [*((name,) for name in ATTRIBUTES), ATTRIBUTES, ("BitsStored", "HighBit")])
@pytest.mark.parametrize("values", [GRAY, GRAY_16], ids=["8 bits", "16 bits"])
def test_missing_attribute_of_grey_pixels_gets_its_default_with_a_warning(values, missing):
    complete = read_scan(make_dicom(values), "a.dcm")
    scan = read_scan(make_dicom(values, **dict.fromkeys(missing)), "a.dcm")
    np.testing.assert_array_equal(scan.to_uint8(), complete.to_uint8())
    (warning,) = scan.warnings
    assert all(name in warning for name in missing)


def test_attribute_without_value_counts_as_missing():
    scan = read_scan(make_dicom(GRAY_16, PhotometricInterpretation="", SamplesPerPixel=""), "a.dcm")
    np.testing.assert_array_equal(scan.raw, GRAY_16)
    assert "SamplesPerPixel, PhotometricInterpretation" in scan.warnings[0]


@pytest.mark.parametrize(
    "missing", [("SamplesPerPixel",), ("PhotometricInterpretation",), ("PlanarConfiguration",), ATTRIBUTES]
)
def test_missing_attribute_of_color_pixels_gets_its_default(missing):
    scan = read_scan(make_dicom(COLOR, **dict.fromkeys(missing)), "a.dcm")
    np.testing.assert_array_equal(scan.to_uint8(), read_scan(make_dicom(COLOR), "a.dcm").to_uint8())
    assert missing[0] in scan.warnings[0]


def test_bits_stored_follows_from_the_high_bit():
    values = (GRAY_16 >> 2).astype(np.uint16)
    scan = read_scan(make_dicom(values | np.uint16(1 << 15), BitsStored=None, HighBit=11), "a.dcm")
    np.testing.assert_array_equal(scan.raw, values & 0xFFF)


@pytest.mark.parametrize("shift", [0, 900])
def test_signed_values_are_recognized_without_pixel_representation(shift):
    values = (SIGNED + shift).astype(np.int16)
    scan = read_scan(make_dicom(values, PixelRepresentation=None), "a.dcm")
    np.testing.assert_array_equal(scan.raw, values)


@pytest.mark.parametrize("values", [GRAY_16 + 30_000, GRAY_16 * 15], ids=["offset", "full range"])
def test_large_unsigned_values_stay_unsigned_without_pixel_representation(values):
    scan = read_scan(make_dicom(values.astype(np.uint16), PixelRepresentation=None), "a.dcm")
    np.testing.assert_array_equal(scan.raw, values)


def test_compressed_pixels_get_defaults_too():
    stream = io.BytesIO()
    Image.fromarray(GRAY_16).save(stream, "JPEG2000", irreversible=False, no_jp2=True)
    dataset = make_dataset(
        GRAY_16, PhotometricInterpretation=None, SamplesPerPixel=None, HighBit=None, BitsAllocated=None
    )
    scan = read_scan(encode_compressed(dataset, uid.JPEG2000Lossless, [stream.getvalue()]), "a.dcm")
    np.testing.assert_array_equal(scan.raw, GRAY_16)


@pytest.mark.parametrize("keyword", ["Rows", "Columns"])
def test_attribute_without_default_is_named(keyword):
    with pytest.raises(ScanError, match=rf"^a\.dcm: its attribute {keyword} is missing\."):
        read_scan(make_dicom(GRAY_16, **{keyword: None}), "a.dcm")
    with pytest.raises(ScanError, match=rf"^a\.dcm: its attribute {keyword} is invalid\."):
        read_scan(make_dicom(GRAY_16, **{keyword: 0}), "a.dcm")


def test_depth_of_compressed_pixels_is_named_if_missing():
    stream = encode_image(Image.fromarray(GRAY), "JPEG")
    dataset = make_dataset(GRAY, BitsAllocated=None, BitsStored=None, HighBit=None)
    with pytest.raises(ScanError, match="its attribute BitsAllocated is missing"):
        read_scan(encode_compressed(dataset, uid.JPEGBaseline8Bit, [stream]), "a.dcm")


def jpeg_header(marker: int, precision: int) -> bytes:
    return b"\xff\xd8\xff" + bytes([marker, 0, 11, precision]) + bytes([0, 96, 0, 80, 1, 1, 17, 0]) + bytes(64)


@pytest.mark.parametrize(
    ("syntax", "stream", "tags"),
    [
        (uid.JPEGLSLossless, jpeg_header(0xF7, 7), {"BitsStored": 7, "HighBit": 6}),
        (uid.JPEGLSNearLossless, jpeg_header(0xF7, 5), {"BitsStored": 5, "HighBit": 4}),
        (uid.JPEGLosslessSV1, jpeg_header(0xC3, 7), {"BitsStored": 7, "HighBit": 6}),
        (uid.JPEGLossless, jpeg_header(0xC3, 4), {"BitsStored": 4, "HighBit": 3}),
        (uid.RLELossless, bytes(200), {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0}),
        (uid.JPEG2000Lossless, bytes(200), {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0}),
    ],
)
def test_compressed_pixels_of_few_bits_are_unsupported_rather_than_damaged(syntax, stream, tags):
    with pytest.raises(ScanError, match=r"a\.dcm: its pixels are stored in a depth that is not supported"):
        read_scan(encode_compressed(make_dataset(GRAY, **tags), syntax, [stream]), "a.dcm")


def test_jpeg_of_8_bits_is_read_although_fewer_are_declared():
    values = (GRAY >> 3).astype(np.uint8)
    stream = encode_image(Image.fromarray(values), "JPEG", quality=100)
    dataset = make_dataset(values, BitsStored=5, HighBit=4)
    scan = read_scan(encode_compressed(dataset, uid.JPEGBaseline8Bit, [stream]), "a.dcm")
    assert np.abs(scan.raw - values).max() <= 2


@pytest.mark.parametrize("bits", [4, 7, 10, 12])
def test_packed_pixels_are_unsupported_rather_than_damaged(bits):
    content = make_dicom(GRAY_16, BitsAllocated=bits, BitsStored=bits, HighBit=bits - 1)
    with pytest.raises(ScanError, match="depth that is not supported"):
        read_scan(content, "a.dcm")


def test_single_bits_without_compression_are_read():
    mask = GRAY > 100
    data = np.packbits(mask, bitorder="little").tobytes()
    scan = read_scan(make_dicom(GRAY, BitsAllocated=1, BitsStored=1, HighBit=0, PixelData=data), "a.dcm")
    np.testing.assert_array_equal(scan.to_uint8() > 0, mask)


@pytest.mark.skipif(not CASES.is_dir(), reason="the inputs lie outside the repository")
@pytest.mark.parametrize("name", ["no_bitsstored", "no_photometric", "no_pixelrep"])
def test_real_files_without_an_attribute_are_read(name):
    scan = read_scan((CASES / f"{name}.dcm").read_bytes(), f"{name}.dcm")
    expected = read_scan((CASES / "window_65535.dcm").read_bytes(), "a.dcm")
    np.testing.assert_array_equal(scan.raw, expected.raw)
    assert "The file does not state" in scan.warnings[0]
