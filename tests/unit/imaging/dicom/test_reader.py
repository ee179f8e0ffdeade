"""DICOM: every way of storing pixels gives the slice it stores, with the window, spacing and warnings of the file."""

import io

import numpy as np
import pytest
from PIL import Image
from pydicom import uid
from pydicom.pixels import apply_windowing

from braintumor.errors import ScanError
from braintumor.imaging import read_scan
from tests.golden.draw import arrays, head
from tests.helpers.dicoms import compressed, dataset, dicom, item
from tests.helpers.malformed.valid_files import packed
from tests.helpers.slices import apply_window, read_slices

GREY, DEEP = arrays()["array-uint8"], arrays()["array-uint16"]
SIGNED = np.rint(head() * 3000 - 1000).astype(np.int16)


def as_png(values):
    return read_scan(packed(Image.fromarray(values), "PNG"), "slice.png")


@pytest.mark.parametrize(
    "syntax", [uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian]
)
def test_the_same_slice_as_dicom_and_as_png_gives_the_same_grey(syntax):
    for values in (GREY, DEEP):
        scan = read_scan(dicom(values, syntax), "slice.dcm")
        np.testing.assert_array_equal(scan.values, as_png(values).values)
    np.testing.assert_array_equal(scan.raw, DEEP)
    assert (scan.bits, scan.series, scan.spacing, scan.warnings) == (16, None, None, ())


def test_big_endian_files_read_alike():
    data = dataset(DEEP)
    data.PixelData = DEEP.astype(">u2").tobytes()
    content = io.BytesIO()
    data.file_meta = uid_meta(uid.ExplicitVRBigEndian)
    data.preamble = b"\0" * 128
    data.save_as(content, enforce_file_format=True)
    np.testing.assert_array_equal(read_scan(content.getvalue(), "big.dcm").raw, DEEP)


def uid_meta(syntax):
    from pydicom.dataset import FileMetaDataset

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = uid.MRImageStorage, "1.2.3"
    meta.TransferSyntaxUID = syntax
    return meta


def test_without_its_preamble_it_is_read_by_its_first_tags():
    content = dicom(DEEP, preamble=b"")
    for name in ("slice.dcm", "IM0001", "IM0001.7"):
        np.testing.assert_array_equal(read_scan(content, name).raw, DEEP)


def test_signed_values_are_rescaled_and_windowed_as_the_file_says():
    tags = {"RescaleSlope": "2.5", "RescaleIntercept": "-100", "WindowCenter": "600", "WindowWidth": "2000"}
    scan = read_scan(dicom(SIGNED, **tags), "slice.dcm")
    np.testing.assert_allclose(scan.raw, SIGNED * 2.5 - 100)
    by_pydicom = apply_windowing(
        SIGNED * 2.5 - 100, dataset(SIGNED, WindowCenter="600", WindowWidth="2000", BitsStored=16)
    )
    shown = (by_pydicom - by_pydicom.min()) / np.ptp(by_pydicom)
    assert np.abs(scan.pixels - shown).max() < 1 / 255
    np.testing.assert_array_equal(apply_window(scan, *scan.window), scan.to_uint8())


def test_the_first_of_several_windows_counts_and_one_that_shows_nothing_is_left_out():
    several = read_scan(dicom(DEEP, WindowCenter=["2000", "50"], WindowWidth=["3000", "100"]), "slice.dcm")
    assert several.window == (1999.5, 2999.0)
    exact = read_scan(dicom(DEEP, WindowCenter="2000", WindowWidth="3000", VOILUTFunction="LINEAR_EXACT"), "slice.dcm")
    assert exact.window == (2000.0, 3000.0)
    for center, width in (("90000", "10"), ("-5000", "10"), ("2000", "0"), ("2000", "-7")):
        useless = read_scan(dicom(DEEP, WindowCenter=center, WindowWidth=width), "slice.dcm")
        np.testing.assert_array_equal(useless.values, as_png(DEEP).values)


def test_monochrome1_is_the_negative_and_its_window_moves_along():
    tags = {"WindowCenter": "2000", "WindowWidth": "3000"}
    plain = read_scan(dicom(DEEP, **tags), "plain.dcm")
    negative = read_scan(dicom(DEEP, PhotometricInterpretation="MONOCHROME1", **tags), "negative.dcm")
    np.testing.assert_allclose(negative.pixels, 1 - plain.pixels, atol=1e-4)
    np.testing.assert_array_equal(apply_window(negative, *negative.window), negative.to_uint8())
    eight = read_scan(dicom(GREY, PhotometricInterpretation="MONOCHROME1"), "eight.dcm")
    np.testing.assert_array_equal(eight.to_uint8(), 255 - GREY)


@pytest.mark.parametrize("bits", [9, 10, 12, 14])
def test_unused_bits_do_not_count(bits):
    values = (DEEP >> (12 - min(bits, 12))).astype(np.uint16)
    dirty = values | np.uint16(1 << 15)
    scan = read_scan(dicom(dirty, BitsStored=bits, HighBit=bits - 1), "slice.dcm")
    np.testing.assert_array_equal(scan.raw, values)


def test_colours_become_luma_however_they_are_stored():
    colour = arrays()["array-rgb"]
    expected = np.asarray(Image.fromarray(colour).convert("L"))
    planar = np.ascontiguousarray(np.moveaxis(colour, 2, 0))
    files = [dicom(colour), dicom(colour, PlanarConfiguration=1, PixelData=planar.tobytes())]
    for content in files:
        scan = read_scan(content, "colour.dcm")
        np.testing.assert_array_equal(scan.to_uint8(), expected)
        assert (scan.mode, scan.bits) == ("RGB", 8)
    ybr = np.asarray(Image.fromarray(colour).convert("YCbCr"))
    scan = read_scan(dicom(ybr, PhotometricInterpretation="YBR_FULL"), "ybr.dcm")
    assert np.abs(scan.to_uint8().astype(int) - expected).max() <= 2


def test_compressed_slices_are_decoded():
    j2k = io.BytesIO()
    Image.fromarray(GREY).save(j2k, "JPEG2000", irreversible=False, no_jp2=True)
    jpeg = packed(Image.fromarray(GREY), "JPEG", quality=95)
    for syntax, stream, slack in ((uid.JPEG2000Lossless, j2k.getvalue(), 0), (uid.JPEGBaseline8Bit, jpeg, 12)):
        scan = read_scan(compressed(dataset(GREY), syntax, [stream]), "slice.dcm")
        assert np.abs(scan.to_uint8().astype(int) - GREY).max() <= slack


def test_frames_of_a_file_are_slices_with_their_own_window_and_spacing():
    def group(position, window):
        return item(
            PlanePositionSequence=item(ImagePositionPatient=[0, 0, position]),
            PixelMeasuresSequence=item(PixelSpacing=[0.4, 0.6]),
            FrameVOILUTSequence=item(WindowCenter=str(window), WindowWidth="1000"),
        )[0]

    shared = item(PlaneOrientationSequence=item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0]))
    frames = np.stack([DEEP, DEEP[::-1], DEEP[:, ::-1]])
    own = [group(position, window) for position, window in ((10, 500), (-10, 900), (0, 2000))]
    content = dicom(frames, SharedFunctionalGroupsSequence=shared, PerFrameFunctionalGroupsSequence=own)
    found = list(read_slices(content, "stack.dcm"))
    assert [one.name for one in found] == [f"stack.dcm [frame {number}]" for number in (2, 3, 1)], "from the feet up"
    assert [one.window for one in found] == [(899.5, 999.0), (1999.5, 999.0), (499.5, 999.0)]
    assert {one.spacing for one in found} == {(0.4, 0.6)}
    np.testing.assert_array_equal(found[0].raw, DEEP[::-1])
    assert found[0].series.title == "Series, axial, 3 slices"
    with pytest.raises(ScanError, match="several frames"):
        read_scan(content, "stack.dcm")


def test_one_damaged_frame_costs_its_own_row_and_a_file_without_a_sound_one_a_single_row():
    def stream(values):
        content = io.BytesIO()
        Image.fromarray(values).save(content, "JPEG2000", irreversible=False, no_jp2=True)
        return content.getvalue()

    data = dataset(np.stack([GREY, GREY, GREY]))
    one_bad = compressed(data, uid.JPEG2000Lossless, [stream(GREY), b"\xff\x4f" + bytes(60), stream(GREY)])
    assert [hasattr(one, "problem") for one in read_slices(one_bad, "x.dcm")] == [False, True, False]
    (refused,) = read_slices(dicom(np.stack([DEEP] * 3), PixelData=bytes(100)), "y.dcm")
    assert "cut short or damaged" in refused.problem


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({"BurnedInAnnotation": "YES"}, "burned into the picture"),
        ({"ConversionType": "WSD"}, "captured screen"),
        ({"SOPClassUID": uid.SecondaryCaptureImageStorage}, "captured screen"),
        ({"Modality": "OT", "SOPClassUID": uid.CTImageStorage}, "not an MR image"),
    ],
)
def test_what_a_reader_should_know_is_a_warning(tags, said):
    (warning,) = read_scan(dicom(DEEP, **tags), "slice.dcm").warnings
    assert said in warning


@pytest.mark.parametrize(("said", "kept"), [("MR", "MR"), ("CT", "CT"), ("KO", "OT"), ("", "")])
def test_what_it_says_it_is_comes_from_a_fixed_list(said, kept):
    tags = {"Modality": said, "SOPClassUID": uid.CTImageStorage}
    assert read_scan(dicom(DEEP, **tags), "slice.dcm").modality == kept


def test_annotation_that_is_said_not_to_be_there_is_no_warning():
    assert read_scan(dicom(DEEP, BurnedInAnnotation="NO", ConversionType="WSD"), "slice.dcm").warnings == ()


def test_spacing_is_of_rows_then_columns_and_nonsense_is_none():
    assert read_scan(dicom(DEEP, PixelSpacing=["0.5", "0.75"]), "slice.dcm").spacing == (0.5, 0.75)
    for spacing in (["0", "1"], ["-1", "1"]):
        assert read_scan(dicom(DEEP, PixelSpacing=spacing), "slice.dcm").spacing is None
