"""DICOM: pixel encodings, rescale, windows, frames, spacing and warnings."""

import io

import numpy as np
import pytest
from PIL import Image
from pydicom import uid
from pydicom.dataset import FileMetaDataset
from pydicom.pixels import apply_windowing

from braintumor.errors import ScanError
from braintumor.imaging import read_scan
from braintumor.imaging.hanging import resample_square
from tests.golden.draw import draw_head, make_arrays
from tests.helpers.dicoms import encode_compressed, make_dataset, make_dicom, make_sequence
from tests.helpers.malformed.valid_files import encode_image
from tests.helpers.slices import apply_window, read_slices

GRAY, GRAY_16 = make_arrays()["array-uint8"], make_arrays()["array-uint16"]
SIGNED = np.rint(draw_head() * 3000 - 1000).astype(np.int16)


def read_png(values):
    return read_scan(encode_image(Image.fromarray(values), "PNG"), "slice.png")


@pytest.mark.parametrize(
    "syntax", [uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian]
)
def test_dicom_and_png_of_a_slice_are_equal(syntax):
    for values in (GRAY, GRAY_16):
        scan = read_scan(make_dicom(values, syntax), "slice.dcm")
        np.testing.assert_array_equal(scan.values, read_png(values).values)
    np.testing.assert_array_equal(scan.raw, GRAY_16)
    assert (scan.bits, scan.series, scan.spacing, scan.warnings) == (16, None, None, ())


def test_big_endian_file_is_read():
    dataset = make_dataset(GRAY_16)
    dataset.PixelData = GRAY_16.astype(">u2").tobytes()
    content = io.BytesIO()
    dataset.file_meta = make_file_meta(uid.ExplicitVRBigEndian)
    dataset.preamble = b"\0" * 128
    dataset.save_as(content, enforce_file_format=True)
    np.testing.assert_array_equal(read_scan(content.getvalue(), "big.dcm").raw, GRAY_16)


def make_file_meta(syntax):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = uid.MRImageStorage, "1.2.3"
    meta.TransferSyntaxUID = syntax
    return meta


def test_file_without_preamble_is_detected_by_its_first_tags():
    content = make_dicom(GRAY_16, preamble=b"")
    for name in ("slice.dcm", "IM0001", "IM0001.7"):
        np.testing.assert_array_equal(read_scan(content, name).raw, GRAY_16)


def test_signed_values_are_rescaled_and_windowed():
    tags = {"RescaleSlope": "2.5", "RescaleIntercept": "-100", "WindowCenter": "600", "WindowWidth": "2000"}
    scan = read_scan(make_dicom(SIGNED, **tags), "slice.dcm")
    np.testing.assert_allclose(scan.raw, SIGNED * 2.5 - 100)
    by_pydicom = apply_windowing(
        SIGNED * 2.5 - 100, make_dataset(SIGNED, WindowCenter="600", WindowWidth="2000", BitsStored=16)
    )
    expected = (by_pydicom - by_pydicom.min()) / np.ptp(by_pydicom)
    assert np.abs(scan.pixels - expected).max() < 1 / 255
    np.testing.assert_array_equal(apply_window(scan.raw, *scan.window), scan.to_uint8())


def test_first_window_is_used_and_an_empty_one_is_ignored():
    several = read_scan(make_dicom(GRAY_16, WindowCenter=["2000", "50"], WindowWidth=["3000", "100"]), "slice.dcm")
    assert several.window == (1999.5, 2999.0)
    exact = read_scan(
        make_dicom(GRAY_16, WindowCenter="2000", WindowWidth="3000", VOILUTFunction="LINEAR_EXACT"), "slice.dcm"
    )
    assert exact.window == (2000.0, 3000.0)
    for center, width in (("90000", "10"), ("-5000", "10"), ("2000", "0"), ("2000", "-7")):
        useless = read_scan(make_dicom(GRAY_16, WindowCenter=center, WindowWidth=width), "slice.dcm")
        np.testing.assert_array_equal(useless.values, read_png(GRAY_16).values)


def test_monochrome1_is_inverted_with_its_window():
    tags = {"WindowCenter": "2000", "WindowWidth": "3000"}
    plain = read_scan(make_dicom(GRAY_16, **tags), "plain.dcm")
    negative = read_scan(make_dicom(GRAY_16, PhotometricInterpretation="MONOCHROME1", **tags), "negative.dcm")
    np.testing.assert_allclose(negative.pixels, 1 - plain.pixels, atol=1e-4)
    np.testing.assert_array_equal(apply_window(negative.raw, *negative.window), negative.to_uint8())
    eight_bits = read_scan(make_dicom(GRAY, PhotometricInterpretation="MONOCHROME1"), "eight.dcm")
    np.testing.assert_array_equal(eight_bits.to_uint8(), 255 - GRAY)


@pytest.mark.parametrize("bits", [9, 10, 12, 14])
def test_unused_bits_are_masked(bits):
    values = (GRAY_16 >> (12 - min(bits, 12))).astype(np.uint16)
    with_extra_bit = values | np.uint16(1 << 15)
    scan = read_scan(make_dicom(with_extra_bit, BitsStored=bits, HighBit=bits - 1), "slice.dcm")
    np.testing.assert_array_equal(scan.raw, values)


def test_color_becomes_luma_in_every_encoding():
    color = make_arrays()["array-rgb"]
    expected = np.asarray(Image.fromarray(color).convert("L"))
    planar = np.ascontiguousarray(np.moveaxis(color, 2, 0))
    files = [make_dicom(color), make_dicom(color, PlanarConfiguration=1, PixelData=planar.tobytes())]
    for content in files:
        scan = read_scan(content, "colour.dcm")
        np.testing.assert_array_equal(scan.to_uint8(), expected)
        assert (scan.mode, scan.bits) == ("RGB", 8)
    ybr = np.asarray(Image.fromarray(color).convert("YCbCr"))
    scan = read_scan(make_dicom(ybr, PhotometricInterpretation="YBR_FULL"), "ybr.dcm")
    assert np.abs(scan.to_uint8().astype(int) - expected).max() <= 2


def test_compressed_slices_are_decoded():
    j2k = io.BytesIO()
    Image.fromarray(GRAY).save(j2k, "JPEG2000", irreversible=False, no_jp2=True)
    jpeg = encode_image(Image.fromarray(GRAY), "JPEG", quality=95)
    for syntax, stream, tolerance in ((uid.JPEG2000Lossless, j2k.getvalue(), 0), (uid.JPEGBaseline8Bit, jpeg, 12)):
        scan = read_scan(encode_compressed(make_dataset(GRAY), syntax, [stream]), "slice.dcm")
        assert np.abs(scan.to_uint8().astype(int) - GRAY).max() <= tolerance


def test_frames_have_their_own_window_and_spacing():
    def make_group(position, window):
        return make_sequence(
            PlanePositionSequence=make_sequence(ImagePositionPatient=[0, 0, position]),
            PixelMeasuresSequence=make_sequence(PixelSpacing=[0.4, 0.6]),
            FrameVOILUTSequence=make_sequence(WindowCenter=str(window), WindowWidth="1000"),
        )[0]

    shared = make_sequence(PlaneOrientationSequence=make_sequence(ImageOrientationPatient=[1, 0, 0, 0, 1, 0]))
    frames = np.stack([GRAY_16, GRAY_16[::-1], GRAY_16[:, ::-1]])
    per_frame = [make_group(position, window) for position, window in ((10, 500), (-10, 900), (0, 2000))]
    content = make_dicom(frames, SharedFunctionalGroupsSequence=shared, PerFrameFunctionalGroupsSequence=per_frame)
    scans = list(read_slices(content, "stack.dcm"))
    assert [scan.name for scan in scans] == [f"stack.dcm [frame {number}]" for number in (2, 3, 1)], (
        "in order of position"
    )
    assert [scan.window for scan in scans] == [(899.5, 999.0), (1999.5, 999.0), (499.5, 999.0)]
    assert [scan.spacing for scan in scans] == [pytest.approx((0.4, 0.4))] * 3
    np.testing.assert_array_equal(scans[0].raw, resample_square(GRAY_16[::-1].astype(np.float32), (0.4, 0.6))[0])
    assert scans[0].series.title == "Series, axial, 3 slices"
    with pytest.raises(ScanError, match="several frames"):
        read_scan(content, "stack.dcm")


def test_damaged_frame_fails_alone_and_fully_damaged_file_fails_once():
    def encode_frame(values):
        content = io.BytesIO()
        Image.fromarray(values).save(content, "JPEG2000", irreversible=False, no_jp2=True)
        return content.getvalue()

    dataset = make_dataset(np.stack([GRAY, GRAY, GRAY]))
    one_damaged = encode_compressed(
        dataset, uid.JPEG2000Lossless, [encode_frame(GRAY), b"\xff\x4f" + bytes(60), encode_frame(GRAY)]
    )
    assert [hasattr(scan, "problem") for scan in read_slices(one_damaged, "x.dcm")] == [False, True, False]
    (failed,) = read_slices(make_dicom(np.stack([GRAY_16] * 3), PixelData=bytes(100)), "y.dcm")
    assert "truncated or damaged" in failed.problem


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"BurnedInAnnotation": "YES"}, "text is burned into the image"),
        ({"ConversionType": "WSD"}, "screen capture"),
        ({"SOPClassUID": uid.SecondaryCaptureImageStorage}, "screen capture"),
        ({"Modality": "OT", "SOPClassUID": uid.CTImageStorage}, "not an MR image"),
    ],
)
def test_burned_in_text_and_other_modalities_give_a_warning(tags, expected):
    (warning,) = read_scan(make_dicom(GRAY_16, **tags), "slice.dcm").warnings
    assert expected in warning


@pytest.mark.parametrize(("declared", "modality"), [("MR", "MR"), ("CT", "CT"), ("KO", "OT"), ("", "")])
def test_modality_is_limited_to_a_fixed_list(declared, modality):
    tags = {"Modality": declared, "SOPClassUID": uid.CTImageStorage}
    assert read_scan(make_dicom(GRAY_16, **tags), "slice.dcm").modality == modality


def test_declared_absence_of_burned_in_text_gives_no_warning():
    assert read_scan(make_dicom(GRAY_16, BurnedInAnnotation="NO", ConversionType="WSD"), "slice.dcm").warnings == ()


def test_spacing_is_row_then_column_and_invalid_values_are_ignored():
    rows, columns = GRAY_16.shape
    scan = read_scan(make_dicom(GRAY_16, PixelSpacing=["0.5", "0.75"]), "slice.dcm")
    assert (scan.height, scan.width) == (rows, round(columns * 1.5)), "square pixels of the smaller spacing"
    assert scan.spacing == pytest.approx((0.5, 0.5))
    for spacing in (["0", "1"], ["-1", "1"]):
        assert read_scan(make_dicom(GRAY_16, PixelSpacing=spacing), "slice.dcm").spacing is None
