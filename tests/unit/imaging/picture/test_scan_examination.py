"""A scan carries what its picture shows, and its model input leaves out what does not belong to the head."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from pydicom.uid import SecondaryCaptureImageStorage

from braintumor.enums import PictureKind
from braintumor.evaluation.stress_test.overlay_drawing import OVERLAYS
from braintumor.imaging import InputSpec, preprocess, read_scan
from braintumor.imaging.compressed_scan import CompressedScan
from braintumor.imaging.edits import ScanEdit, apply_edit
from braintumor.imaging.picture.scan_examination import (
    INVERTED_WARNING,
    PAGE_WARNING,
    PARTLY_REMOVED_WARNING,
    TEXT_WARNING,
    examine_scan,
    picture_reason,
)
from tests.helpers.dicoms import make_dicom
from tests.helpers.scan_files.pictures import draw_slice, make_screenshot, make_sheet, on_page, photograph
from tests.helpers.scan_files.volumes import CASES

SPEC = InputSpec(160, 160)


@pytest.mark.parametrize("overlay", ["text", "text and ruler", "bottom bar"])
def test_marks_hardly_change_the_model_input(overlay: str) -> None:
    clean = np.pad(draw_slice(2, 384), 64)
    marked = OVERLAYS[overlay](clean)
    first, second = (preprocess(read_scan(pixels), SPEC)[0].astype(int) for pixels in (clean, marked))
    assert np.abs(first - second).mean() < 1
    assert np.array_equal(read_scan(marked).to_uint8(), marked), "the displayed picture is unchanged"


def test_inverted_picture_is_shown_and_read_inverted_back() -> None:
    pixels = draw_slice(3)
    scan = examine_scan(read_scan(255 - pixels))
    assert scan.warnings == (INVERTED_WARNING,)
    assert np.array_equal(scan.to_uint8(), pixels)
    assert np.array_equal(preprocess(scan, SPEC)[0], preprocess(read_scan(pixels), SPEC)[0])
    assert examine_scan(scan) is scan


def test_page_is_cropped_from_the_model_input() -> None:
    pixels = draw_slice(3)
    scan = examine_scan(read_scan(on_page(pixels, (60, 40, 60, 100))))
    assert scan.warnings == (PAGE_WARNING,)
    first, second = preprocess(scan, SPEC)[0].astype(int), preprocess(read_scan(pixels), SPEC)[0].astype(int)
    assert np.abs(first - second).mean() < 2


def test_reason_names_the_kind() -> None:
    sheet = examine_scan(read_scan(make_sheet(2, 3)))
    assert picture_reason(sheet) == "It looks like a 2x3 sheet; crop one panel."
    assert "screenshot" in picture_reason(examine_scan(read_scan(make_screenshot("light"))))
    assert "photograph" in picture_reason(examine_scan(read_scan(photograph(np.pad(draw_slice(), 30), 20, 50))))
    assert picture_reason(examine_scan(read_scan(draw_slice()))) == ""


def test_panel_of_a_sheet_reads_as_a_slice() -> None:
    sheet = examine_scan(read_scan(make_sheet(2, 2)))
    panel = examine_scan(apply_edit(sheet, ScanEdit(crop=sheet.panels[0])))
    assert (panel.picture, panel.panels) == (PictureKind.SLICE, ())


def test_examined_scan_survives_compression() -> None:
    scan = examine_scan(read_scan(OVERLAYS["text"](np.pad(draw_slice(2, 384), 64))))
    restored = CompressedScan.from_scan(scan).to_scan()
    assert np.array_equal(preprocess(restored, SPEC)[0], preprocess(scan, SPEC)[0])
    assert examine_scan(restored).warnings == scan.warnings


@pytest.mark.skipif(not CASES.is_dir(), reason="the collected inputs are absent")
@pytest.mark.parametrize("name", ["text_glioma-Te-gl_0089.jpg", "both_glioma-Te-glTr_0004.jpg"])
def test_text_of_collected_pictures_is_ignored(name: str) -> None:
    scan = read_scan(CASES / name)
    assert not scan.has_text_on_head
    assert scan.clean_gray is not None
    gray = scan.clean_gray[1]
    assert gray[:70, :80].max() < 60
    assert gray[435:, 395:470].max() < 60
    assert gray[90:400, 490:].max() < 60


@pytest.mark.parametrize("tags", [{}, {"Modality": "OT"}, {"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}])
@pytest.mark.parametrize(
    ("pixels", "kind"), [(make_sheet(2, 2), PictureKind.SHEET), (make_screenshot("light"), PictureKind.SCREENSHOT)]
)
def test_screen_capture_in_a_dicom_file_is_examined_like_a_picture(
    tags: dict[str, object], pixels: np.ndarray, kind: PictureKind
) -> None:
    content = make_dicom(pixels, **{"SOPClassUID": SecondaryCaptureImageStorage, **tags})
    scan = examine_scan(read_scan(content, "capture.dcm"))
    assert scan.picture is kind
    turned = examine_scan(apply_edit(scan, ScanEdit(turn=2, is_upright=True)))
    assert turned.picture is kind, "a turn by the reader does not make it a slice"


def test_warning_says_whether_marks_lie_on_the_head() -> None:
    image = Image.fromarray(draw_slice(4, 512) // 2)
    ImageDraw.Draw(image).text((140, 240), "DR MILLER 12.04.2019", 255, ImageFont.load_default(18))
    assert examine_scan(read_scan(np.array(image))).warnings == (PARTLY_REMOVED_WARNING,)
    assert examine_scan(read_scan(OVERLAYS["text"](np.pad(draw_slice(2, 384), 64)))).warnings == (TEXT_WARNING,)


def test_slice_of_a_scanner_is_a_slice() -> None:
    assert examine_scan(read_scan(make_dicom(make_sheet(2, 2)), "slice.dcm")).picture is PictureKind.SLICE
