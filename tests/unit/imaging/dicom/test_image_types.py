"""Roles of files: localizers, derived maps, screenshots and reports, by fixed words."""

import numpy as np
import pytest
from pydicom import uid

from braintumor.imaging.dicom.metadata import NoImageError
from braintumor.imaging.dicom.reader import read_metadata
from braintumor.imaging.file_bytes import sha256_hex
from braintumor.settings import Settings
from tests.golden.draw import make_arrays
from tests.helpers.dicoms import encode_dataset, make_dataset, make_dicom
from tests.helpers.enhanced import make_enhanced, make_mosaic

GRAY_16 = make_arrays()["array-uint16"]
DERIVED = ["DERIVED", "PRIMARY", "OTHER"]
ORIGINAL = ["ORIGINAL", "PRIMARY", "M", "ND"]


def parse(content):
    return read_metadata(content, sha256_hex(content), "a.dcm", Settings())


@pytest.mark.parametrize(
    ("tags", "role"),
    [
        ({}, ""), ({"ImageType": ORIGINAL, "SeriesDescription": "t1_mprage_sag"}, ""),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer"),
        ({"SeriesDescription": "localizer"}, "localizer"), ({"SeriesDescription": "3-plane LOC"}, "localizer"),
        ({"SeriesDescription": "AAHead_Scout"}, "localizer"), ({"SeriesDescription": "Survey_SHC"}, "localizer"),
        ({"SeriesDescription": "PosDisp: [4] t1_tse"}, "localizer"), ({"SeriesDescription": "TOPOGRAMM"}, "localizer"),
        ({"SeriesDescription": "Reperage 3 plans"}, "localizer"),
        ({"SeriesDescription": "Übersicht", "SpecificCharacterSet": "ISO_IR 192"}, "localizer"),
        ({"SeriesDescription": "Repérage", "SpecificCharacterSet": "ISO_IR 100"}, "localizer"),
        ({"SeriesDescription": "Apparent Diffusion Coefficient (mm2/s)"}, "derived map"),
        ({"SeriesDescription": "Lokalizer"}, "localizer"), ({"SeriesDescription": "T2 local shim"}, ""),
        ({"ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "ADC", "ND"]}, "derived map"),
        ({"ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "TRACEW"]}, "derived map"),
        ({"ImageType": ["DERIVED", "PRIMARY", "MPR", "MIP"]}, "derived map"),
        ({"ImageType": ["DERIVED", "PRIMARY", "PROJECTION IMAGE"]}, "derived map"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "ADC"]}, "derived map"),
        ({"SeriesDescription": "ep2d_diff_ADC"}, "derived map"), ({"SeriesDescription": "SWI mIP"}, "derived map"),
        ({"SeriesDescription": "relCBV"}, "derived map"),
        ({"ImageType": DERIVED, "SeriesDescription": "FA"}, "derived map"),
        ({"ImageType": ORIGINAL, "SeriesDescription": "T1 FA 15"}, ""),
        ({"ImageType": ORIGINAL, "SeriesDescription": "ep2d_diff_3scan_trace_p2"}, ""),
        ({"ImageType": ["DERIVED", "SECONDARY", "MPR"], "SeriesDescription": "T1 MPR tra"}, ""),
        ({"SOPClassUID": uid.SecondaryCaptureImageStorage}, "screenshot"),
        ({"SOPClassUID": uid.MultiFrameTrueColorSecondaryCaptureImageStorage}, "screenshot"),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "screenshot"),
        ({"SeriesDescription": "Screen Save"}, "screenshot"), ({"SeriesDescription": "Dose Report"}, "report"),
        ({"SOPClassUID": uid.ParametricMapStorage}, "derived map"),
        ({"SOPClassUID": uid.SegmentationStorage, "Modality": "SEG"}, "derived map"),
        ({"SOPClassUID": uid.RTDoseStorage, "Modality": "RTDOSE"}, "derived map"),
    ],
)  # fmt: skip
def test_role_of_a_file_follows_from_its_words(tags, role):
    assert parse(make_dicom(GRAY_16, **tags)).role == role


@pytest.mark.parametrize(
    ("types", "role"),
    [
        ((["DERIVED", "PRIMARY", "DIFFUSION", "ADC"],) * 2, "derived map"),
        ((["ORIGINAL", "PRIMARY", "DIFFUSION", "NONE"], ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]), ""),
        ((["ORIGINAL", "PRIMARY", "LOCALIZER", "NONE"],) * 2, "localizer"),
    ],
)
def test_role_of_a_multi_frame_file_is_that_of_all_its_frames(types, role):
    groups = [{"MRImageFrameTypeSequence": {"FrameType": words}} for words in types]
    metadata = parse(make_enhanced(np.stack([GRAY_16, GRAY_16 + 1]), groups))
    assert metadata.role == role
    assert [frame.image_type == "derived map" for frame in metadata.frames] == ["ADC" in words for words in types]


def test_mosaic_is_a_role_and_a_map_stored_as_mosaic_is_a_map():
    slices = np.stack([GRAY_16] * 4)
    assert (parse(make_mosaic(slices, 2)).role, parse(make_mosaic(slices, 2)).mosaic_count) == ("mosaic", 4)
    image_type = ["DERIVED", "PRIMARY", "DIFFUSION", "ADC", "MOSAIC"]
    assert parse(make_mosaic(slices, 2, ImageType=image_type)).role == "derived map"


@pytest.mark.parametrize(
    ("sop_class", "role"),
    [
        (uid.EnhancedSRStorage, "report"), (uid.EncapsulatedPDFStorage, "report"),
        (uid.KeyObjectSelectionDocumentStorage, "report"), ("1.3.12.2.1107.5.9.1", "report"),
        (uid.GrayscaleSoftcopyPresentationStateStorage, "presentation state"),
        (uid.RTPlanStorage, "object without an image"),
        (uid.MediaStorageDirectoryStorage, "index of a disc"),
    ],
)  # fmt: skip
def test_object_without_image_is_named(sop_class, role):
    dataset = make_dataset(GRAY_16, SOPClassUID=sop_class)
    for keyword in ("PixelData", "Rows", "Columns"):
        del dataset[keyword]
    with pytest.raises(NoImageError, match=r"^a\.dcm: this ") as caught:
        parse(encode_dataset(dataset))
    assert caught.value.role == role
