"""Stored values of DICOM files: padding, inversion, deep colour, palettes, and values above the low bits."""

import numpy as np
import pytest
from PIL import Image
from pydicom import uid

from braintumor.imaging import read_scan
from braintumor.imaging.dicom.reader import read_metadata
from braintumor.imaging.file_bytes import sha256_hex
from braintumor.settings import Settings
from tests.golden.draw import draw_head, make_arrays
from tests.helpers.dicoms import encode_dataset, make_dataset, make_dicom, make_sequence
from tests.helpers.scan_files.volumes import CASES

GRAY, GRAY_16, COLOR = (make_arrays()[f"array-{name}"] for name in ("uint8", "uint16", "rgb"))
SIGNED = np.rint(draw_head() * 3000 - 1000).astype(np.int16)


def parse(content):
    return read_metadata(content, sha256_hex(content), "a.dcm", Settings())


def make_padded(pixels, syntax=uid.ExplicitVRLittleEndian, vr="US", **tags):
    """Make a file whose padding tags have a type that need not be that of the pixels."""
    dataset = make_dataset(pixels)
    for keyword, value in tags.items():
        dataset.add_new(keyword, vr, value)
    return encode_dataset(dataset, syntax)


@pytest.mark.parametrize(
    ("pixels", "vr", "tags", "expected"),
    [
        (SIGNED, "SS", {"PixelPaddingValue": -2000}, (-2000, -2000)),
        (SIGNED, "US", {"PixelPaddingValue": 63536}, (-2000, -2000)),
        (GRAY_16, "US", {"PixelPaddingValue": 65535}, (65535, 65535)),
        (GRAY_16, "SS", {"PixelPaddingValue": -1}, (65535, 65535)),
        (SIGNED, "SS", {"PixelPaddingValue": -2000, "PixelPaddingRangeLimit": -1024}, (-2000, -1024)),
        (SIGNED, "SS", {"PixelPaddingValue": -1024, "PixelPaddingRangeLimit": -2000}, (-2000, -1024)),
        (SIGNED, "SS", {"PixelPaddingRangeLimit": -2000}, None),
        (GRAY, "US", {"PixelPaddingValue": 0}, (0, 0)),
    ],
)
@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian])
def test_padding_range_has_the_sign_of_the_pixels(pixels, vr, tags, expected, syntax):
    assert parse(make_padded(pixels, syntax, vr, **tags)).padding == expected


def test_padding_of_float_pixels_is_read():
    values = draw_head().astype(np.float32)
    tags = {"BitsStored": None, "HighBit": None, "PixelRepresentation": None, "PixelData": None}
    dataset = make_dataset(values, FloatPixelData=values.tobytes(), FloatPixelPaddingValue=-1.0, **tags)
    content = encode_dataset(dataset)
    assert parse(content).padding == (-1.0, -1.0)
    assert parse(content).assumed_attributes == ()
    np.testing.assert_array_equal(read_scan(content, "a.dcm").raw, values)


@pytest.mark.parametrize("name", ["float32", "float64", "int32", "uint32"])
def test_deep_values_are_read(name):
    values = np.rint(draw_head() * 100_000).astype(name)
    if values.dtype.kind == "f":
        keyword = "FloatPixelData" if name == "float32" else "DoubleFloatPixelData"
        tags = {keyword: values.tobytes(), "PixelData": None}
        tags |= dict.fromkeys(("BitsStored", "HighBit", "PixelRepresentation"))
    else:
        tags = {}
    np.testing.assert_array_equal(read_scan(make_dicom(values, **tags), "a.dcm").raw, values.astype(np.float32))


@pytest.mark.parametrize("tags", [{"WindowCenter": "2000", "WindowWidth": "3000"}, {}])
def test_inverse_presentation_is_one_inversion_with_or_without_monochrome1(tags):
    negative = read_scan(make_dicom(GRAY_16, PhotometricInterpretation="MONOCHROME1", **tags), "a.dcm")
    plain = read_scan(make_dicom(GRAY_16, PresentationLUTShape="IDENTITY", **tags), "a.dcm")
    for photometric in ("MONOCHROME2", "MONOCHROME1"):
        content = make_dicom(GRAY_16, PhotometricInterpretation=photometric, PresentationLUTShape="INVERSE", **tags)
        np.testing.assert_array_equal(read_scan(content, "a.dcm").raw, negative.raw)
    assert np.corrcoef(plain.raw.ravel(), negative.raw.ravel())[0, 1] < -0.99


def test_inverse_presentation_inverts_8_bits_and_not_color():
    inverse = read_scan(make_dicom(GRAY, PresentationLUTShape="INVERSE"), "a.dcm")
    np.testing.assert_array_equal(inverse.to_uint8(), 255 - GRAY)
    color = read_scan(make_dicom(COLOR, PresentationLUTShape="INVERSE"), "a.dcm")
    np.testing.assert_array_equal(color.to_uint8(), read_scan(make_dicom(COLOR), "a.dcm").to_uint8())


@pytest.mark.parametrize("bits", [10, 12, 16])
@pytest.mark.parametrize("planar", [0, 1])
def test_deep_color_keeps_its_depth_even_if_only_low_bits_are_used(bits, planar):
    values = np.stack([GRAY_16, GRAY_16 // 2, GRAY_16 // 4], axis=2).astype(np.uint16) >> (2 if bits == 10 else 0)
    data = np.ascontiguousarray(np.moveaxis(values, 2, 0) if planar else values).tobytes()
    scan = read_scan(
        make_dicom(values, BitsStored=bits, HighBit=bits - 1, PlanarConfiguration=planar, PixelData=data), "a"
    )
    np.testing.assert_allclose(scan.raw, values @ np.array([0.299, 0.587, 0.114]), rtol=1e-5)
    assert (scan.bits, scan.mode) == (16, "RGB")
    assert np.ptp(scan.to_uint8()) > 200, "not black"


@pytest.mark.parametrize("entry_bits", [8, 12, 16])
def test_palette_of_any_entry_depth_gives_the_same_grey(entry_bits):
    entries = np.arange(256) * (2**entry_bits - 1) // 255
    tags = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name in ("Red", "Green", "Blue"):
        tags[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 8 if entry_bits == 8 else 16]
        tags[f"{name}PaletteColorLookupTableData"] = entries.astype("u1" if entry_bits == 8 else "<u2").tobytes()
    scan = read_scan(make_dicom(GRAY, **tags), "a.dcm")
    assert np.abs(scan.to_uint8().astype(int) - GRAY).max() <= 1


def test_palette_entries_in_the_low_byte_of_16_bits_are_not_black():
    tags = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name in ("Red", "Green", "Blue"):
        tags[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tags[f"{name}PaletteColorLookupTableData"] = np.arange(256).astype("<u2").tobytes()
    np.testing.assert_array_equal(read_scan(make_dicom(GRAY, **tags), "a.dcm").to_uint8(), GRAY)


@pytest.mark.parametrize("pixels", [GRAY, GRAY_16 >> 4], ids=["8 bits", "12 bits"])
@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian])
def test_lookup_table_to_real_values_is_applied(pixels, syntax):
    """A descending table inverts the picture, as a negative slope would."""
    last = int(pixels.max())
    table = make_sequence(
        LUTDescriptor=[last + 1, 0, 16], ModalityLUTType="US", LUTData=np.arange(last, -1, -1).astype("<u2").tobytes()
    )
    scan = read_scan(make_dicom(pixels, syntax, ModalityLUTSequence=table), "a.dcm")
    expected = read_scan(make_dicom(pixels, RescaleSlope="-1", RescaleIntercept=str(last)), "a.dcm")
    np.testing.assert_array_equal(scan.raw, expected.raw)
    both = make_dicom(pixels, syntax, ModalityLUTSequence=table, RescaleSlope="-1", RescaleIntercept=str(last))
    np.testing.assert_array_equal(read_scan(both, "a.dcm").raw, expected.raw)


@pytest.mark.parametrize("pixels", [GRAY_16, SIGNED >> 1], ids=["unsigned", "signed"])
def test_values_in_the_high_bits_are_shifted(pixels):
    stored = (pixels.astype(np.int32) << 4).astype(pixels.dtype)
    scan = read_scan(make_dicom(stored, BitsStored=12, HighBit=15), "a.dcm")
    np.testing.assert_array_equal(scan.raw, pixels)


def test_wrong_high_bit_of_values_in_the_low_bits_is_ignored():
    np.testing.assert_array_equal(read_scan(make_dicom(GRAY_16, BitsStored=12, HighBit=15), "a.dcm").raw, GRAY_16)


@pytest.mark.parametrize("photometric", ["YBR_FULL", "YBR_FULL_422"])
def test_subsampled_and_full_chroma_give_the_luma(photometric):
    ybr = np.asarray(Image.fromarray(COLOR).convert("YCbCr"))
    tags = {"PhotometricInterpretation": photometric}
    if photometric.endswith("422"):
        pairs = ybr.reshape(ybr.shape[0], ybr.shape[1] // 2, 2, 3)
        stored = np.concatenate([pairs[:, :, :, 0], pairs[:, :, 0, 1:]], axis=2)
        tags["PixelData"] = np.ascontiguousarray(stored).tobytes()
    scan = read_scan(make_dicom(ybr, **tags), "a.dcm")
    expected = np.asarray(Image.fromarray(COLOR).convert("L"))
    assert np.abs(scan.to_uint8().astype(int) - expected).mean() < 3


@pytest.mark.skipif(not CASES.is_dir(), reason="the inputs lie outside the repository")
def test_real_inverse_and_padded_files_equal_the_plain_one():
    plain = read_scan((CASES / "window_65535.dcm").read_bytes(), "a.dcm")
    inverse = read_scan((CASES / "presentation_inverse.dcm").read_bytes(), "a.dcm")
    assert np.abs(inverse.to_uint8().astype(int) - plain.to_uint8()).max() <= 1
    assert parse((CASES / "padding_-32768.dcm").read_bytes()).padding == (-32768, -32768)
