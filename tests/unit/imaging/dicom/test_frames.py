"""Metadata per frame: orientation, position, time, echo, b-value and type, from functional groups or the file."""

import numpy as np
import pytest

from braintumor.imaging.dicom.metadata import DicomMetadata
from braintumor.imaging.dicom.reader import read_metadata
from braintumor.imaging.file_bytes import sha256_hex
from braintumor.settings import Settings
from tests.golden.draw import make_arrays
from tests.helpers.dicoms import UID_ROOT, make_dicom, make_sequence
from tests.helpers.enhanced import add_private, make_enhanced
from tests.helpers.scan_files.volumes import CASES
from tests.helpers.slices import read_slices

GRAY_16 = make_arrays()["array-uint16"]
AXIAL, CORONAL = [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, -1]


def parse(content: bytes) -> DicomMetadata:
    return read_metadata(content, sha256_hex(content), "a.dcm", Settings())


def parse_groups(groups, **tags) -> DicomMetadata:
    return parse(make_enhanced(np.stack([GRAY_16 + number for number in range(len(groups))]), groups, **tags))


def parse_tags(**tags):
    return parse(make_dicom(GRAY_16, **tags)).frames[0]


def test_each_frame_has_its_own_orientation_and_position():
    groups = [
        {
            "PlaneOrientationSequence": {"ImageOrientationPatient": orientation},
            "PlanePositionSequence": {"ImagePositionPatient": [1, 2, 3]},
        }
        for orientation in (AXIAL, CORONAL)
    ]
    metadata = parse_groups(groups)
    assert [frame.orientation for frame in metadata.frames] == [tuple(AXIAL), tuple(CORONAL)]
    assert [frame.position for frame in metadata.frames] == [3.0, -2.0], "towards the head, and towards the front"
    assert (metadata.plane, metadata.orientation) == ("axial", tuple(AXIAL))


@pytest.mark.parametrize("orientation", [[1, 0, 0, 0, 1, 0], [-1, 0, 0, 0, 1, 0], [0, 1, 0, 1, 0, 0]])
def test_position_does_not_depend_on_how_the_slice_is_stored(orientation):
    assert parse_tags(ImageOrientationPatient=orientation, ImagePositionPatient=[5, 6, 7]).position == 7.0


def test_orientation_is_rounded_so_that_slices_of_a_stack_agree():
    cosines = ["0.99999", "0.0001", "0", "-0.0001", "0.9999", "0.003"]
    assert parse_tags(ImageOrientationPatient=cosines).orientation == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("sequence", "attribute", "values", "expected"),
    [
        ("FrameContentSequence", "TemporalPositionIndex", (1, 2), ["1", "2"]),
        ("FrameContentSequence", "FrameAcquisitionNumber", (3, 4), ["3", "4"]),
        ("TemporalPositionSequence", "TemporalPositionTimeOffset", (0.0, 2.5), ["0", "2.5"]),
        ("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime", (0.0, 31.25), ["0", "31.25"]),
    ],
)
def test_time_of_each_frame_is_read(sequence, attribute, values, expected):
    metadata = parse_groups([{sequence: {attribute: value}} for value in values])
    assert [frame.time for frame in metadata.frames] == expected


def test_time_that_differs_between_frames_wins():
    metadata = parse_groups(
        [{"FrameContentSequence": {"TemporalPositionIndex": 1, "FrameAcquisitionNumber": n}} for n in (5, 6)]
    )
    assert [frame.time for frame in metadata.frames] == ["5", "6"]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"TemporalPositionIdentifier": "3", "TriggerTime": "12", "AcquisitionNumber": "9"}, "3"),
        ({"TriggerTime": "12.5", "AcquisitionNumber": "9"}, "12.5"),
        ({"AcquisitionNumber": "9"}, "9"),
        ({}, ""),
    ],
)
def test_time_of_a_single_slice_is_read(tags, expected):
    assert parse_tags(**tags).time == expected


def test_echo_is_the_echo_time_or_else_its_number():
    assert parse_tags(EchoTime="4.92", EchoNumbers="1").echo == "4.92"
    assert parse_tags(EchoNumbers="2").echo == "2"
    assert parse_tags().echo == ""
    metadata = parse_groups([{"MREchoSequence": {"EffectiveEchoTime": time}} for time in (12.0, 90.0)])
    assert [frame.echo for frame in metadata.frames] == ["12", "90"]


def test_b_value_is_read_from_the_standard_or_a_vendor_tag():
    assert parse_tags(DiffusionBValue=1000.0).diffusion == "1000"
    metadata = parse_groups([{"MRDiffusionSequence": {"DiffusionBValue": value}} for value in (0.0, 800.0)])
    assert [frame.diffusion for frame in metadata.frames] == ["0", "800"]
    plain = make_dicom(GRAY_16)
    for block in (
        (0x0019, "SIEMENS MR HEADER", 0x0C, "IS", "1000"),
        (0x0043, "GEMS_PARM_01", 0x39, "IS", ["1000001000", "0", "0", "0"]),
        (0x2001, "Philips Imaging DD 001", 0x03, "FL", 1000.0),
    ):
        assert parse(add_private(plain, *block)).frames[0].diffusion == "1000"
    assert parse(add_private(plain, 0x0019, "ANOTHER VENDOR", 0x0C, "IS", "1000")).frames[0].diffusion == ""


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["ORIGINAL", "PRIMARY", "M", "ND"], "magnitude"), (["ORIGINAL", "PRIMARY", "P", "ND"], "phase"),
        (["ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE"], "magnitude"), (["ORIGINAL", "PRIMARY", "R_SE"], "real"),
        (["DERIVED", "PRIMARY", "B0 MAP"], "field map"), (["ORIGINAL", "PRIMARY", "FIELD_MAP", "M"], "field map"),
        (["DERIVED", "PRIMARY", "DIXON", "WATER"], "water"),
        (["DERIVED", "PRIMARY", "DIFFUSION", "ADC"], "derived map"),
        (["ORIGINAL", "PRIMARY"], ""), (["ORIGINAL", "PRIMARY", "OTHER"], ""), ([], ""),
    ],
)  # fmt: skip
def test_image_type_is_one_of_a_list_of_words(values, expected):
    assert parse_tags(ImageType=values or None).image_type == expected
    metadata = parse_groups([{"MRImageFrameTypeSequence": {"FrameType": values}}])
    assert metadata.frames[0].image_type == expected


def test_complex_component_is_the_image_type():
    groups = [{"MRImageFrameTypeSequence": {"ComplexImageComponent": name}} for name in ("MAGNITUDE", "PHASE", "MIXED")]
    assert [frame.image_type for frame in parse_groups(groups).frames] == ["magnitude", "phase", ""]
    raw = add_private(make_dicom(GRAY_16), 0x0043, "GEMS_PARM_01", 0x2F, "SS", 1)
    assert parse(raw).frames[0].image_type == "phase"


def test_frames_without_functional_groups_have_what_all_frames_share():
    groups = [{"PlaneOrientationSequence": {"ImageOrientationPatient": AXIAL},
               "PlanePositionSequence": {"ImagePositionPatient": [1, 2, 3]}}]  # fmt: skip
    shared = make_sequence(PixelMeasuresSequence=make_sequence(PixelSpacing=[0.5, 0.5]))
    content = make_enhanced(np.stack([GRAY_16] * 3), groups, SharedFunctionalGroupsSequence=shared)
    frames = parse(content).frames
    assert [frame.orientation for frame in frames] == [tuple(AXIAL), (), ()]
    assert [frame.position for frame in frames] == [3.0, None, None]
    assert {frame.spacing for frame in frames} == {(0.5, 0.5)}


def test_shared_group_applies_to_frames_without_their_own():
    shared = make_sequence(
        PixelMeasuresSequence=make_sequence(PixelSpacing=[0.5, 0.5]),
        FrameVOILUTSequence=make_sequence(WindowCenter=["100", "400"], WindowWidth=["50", "300"]),
        PixelValueTransformationSequence=make_sequence(RescaleSlope="2", RescaleIntercept="-5"),
    )
    own = {"PixelValueTransformationSequence": {"RescaleSlope": "3", "RescaleIntercept": "7"}}
    frames = parse_groups([own, {}], SharedFunctionalGroupsSequence=shared).frames
    assert [(frame.slope, frame.intercept) for frame in frames] == [(3.0, 7.0), (2.0, -5.0)]
    assert {frame.spacing for frame in frames} == {(0.5, 0.5)}
    assert {tuple(window[:2] for window in frame.windows) for frame in frames} == {((99.5, 49.0), (399.5, 299.0))}


@pytest.mark.parametrize(
    ("tags", "spacing", "shape"),
    [
        ({"PixelSpacing": ["2", "1"]}, (1.0, 1.0), (2, 1)), ({"ImagerPixelSpacing": ["1", "2"]}, (1.0, 1.0), (1, 2)),
        ({"NominalScannedPixelSpacing": ["1", "2"]}, (1.0, 1.0), (1, 2)),
        ({"PixelAspectRatio": ["2", "1"]}, None, (2, 1)), ({"PixelAspectRatio": ["4", "6"]}, None, (1, 1.5)),
        ({"PixelSpacing": ["1", "1"], "PixelAspectRatio": ["2", "1"]}, (1.0, 1.0), (1, 1)),
        ({"PixelSpacing": ["0", "1"], "ImagerPixelSpacing": ["2", "1"]}, (1.0, 1.0), (2, 1)),
        ({"PixelAspectRatio": ["0", "1"]}, None, (1, 1)), ({"PixelAspectRatio": ["1", "0"]}, None, (1, 1)),
        ({"PixelSpacing": ["50", "1"]}, (50.0, 1.0), (1, 1)),
    ],
)  # fmt: skip
def test_pixels_are_square(tags, spacing, shape):
    (scan,) = read_slices(make_dicom(GRAY_16, **tags), "a.dcm")
    assert (scan.height, scan.width) == tuple(
        round(size * factor) for size, factor in zip(GRAY_16.shape, shape, strict=True)
    )
    assert scan.raw.shape == scan.values.shape
    assert scan.spacing == (pytest.approx(spacing) if spacing else None)


def test_identifiers_are_hashed_and_distinguish_studies():
    first, second = (parse(make_dicom(GRAY_16, StudyInstanceUID=f"{UID_ROOT}{n}")) for n in (7, 8))
    assert len(first.study_key) == 24
    assert first.study_key != second.study_key
    assert parse(make_dicom(GRAY_16)).study_key == ""


@pytest.mark.skipif(not CASES.is_dir(), reason="the inputs lie outside the repository")
def test_real_file_with_two_planes_has_them_per_frame():
    metadata = parse((CASES / "enhanced_axial_coronal_localizer.dcm").read_bytes())
    assert [frame.orientation for frame in metadata.frames] == [tuple(AXIAL)] * 3 + [tuple(CORONAL)] * 3
    assert [frame.position for frame in metadata.frames] == [0.0, 5.0, 10.0, 0.0, 5.0, 10.0]


@pytest.mark.skipif(not CASES.is_dir(), reason="the inputs lie outside the repository")
def test_real_file_with_high_pixels_becomes_square():
    (scan,) = read_slices(CASES / "nonsquare_rows.dcm", "nonsquare_rows.dcm")
    assert (scan.height, scan.width) == (256, 256)
    assert scan.spacing == pytest.approx((0.9, 0.9))
