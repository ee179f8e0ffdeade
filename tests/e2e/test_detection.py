"""The Detection page in a real browser: a batch with unreadable files, keyboard, a series, two versions, a phone."""

import csv
import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid
from pypdf import PdfReader

from app_pages.components.detection.worklist import ReadingStatus
from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES, RESEARCH_USE, TumorClass
from braintumor.reporting.csv_export import COLUMNS
from braintumor.settings import Settings
from tests.e2e.test_accessibility import find_problems
from tests.helpers.e2e.detection_page import download, select_scan, upload, viewport_pixels, worklist_items
from tests.helpers.e2e.server import serve_dashboard
from tests.helpers.e2e.user import DESKTOP, PHONE, User, open_dashboard
from tests.helpers.predictions_csv import read_workbook_rows

pytestmark = pytest.mark.slow

BATCH, BROKEN, SLICES = 50, 5, 6


@pytest.fixture(scope="module")
def address(chromium: str, built: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a dashboard with two versions."""
    outputs = shutil.copytree(built.outputs, tmp_path_factory.mktemp("two") / "outputs")
    second = shutil.copytree(outputs / "v1", outputs / "v2")
    card = json.loads((second / "card.json").read_text(encoding="utf-8"))
    (second / "card.json").write_text(json.dumps({**card, "version": "v2"}), encoding="utf-8")
    with serve_dashboard({"BRAINTUMOR_INPUTS": str(built.inputs), "BRAINTUMOR_OUTPUTS": str(outputs)}) as address:
        yield address


@pytest.fixture
def user(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[User]:
    """A user on the Detection page."""
    with open_dashboard(browser, address, *getattr(request, "param", ())) as user:
        user.go("Detection")
        yield user


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Fifty files, five of them truncated."""
    folder = tmp_path_factory.mktemp("batch")
    for number in range(BATCH):
        path = folder / f"slice-{number:02}.jpg"
        label = CLASSES[number % len(CLASSES)]
        Image.fromarray(make_phantom(label, 900 + number, 192).pixels).save(path, quality=92)
        if number % (BATCH // BROKEN) == 3:
            path.write_bytes(path.read_bytes()[:700])
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One DICOM series of 12 bits whose file names are not in slice order."""
    folder = tmp_path_factory.mktemp("series")
    common = {"StudyInstanceUID": generate_uid(), "SeriesInstanceUID": generate_uid()}
    for number in range(SLICES):
        label = TumorClass.GLIOMA if number in (2, 3) else TumorClass.NOTUMOR
        pixels = make_phantom(label, 70 + number, 160).pixels.astype(np.uint16) * 16
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = MRImageStorage, ExplicitVRLittleEndian
        meta.MediaStorageSOPInstanceUID = generate_uid()
        path = folder / f"IM{(number * 5) % SLICES:04}"
        data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
        for name, value in {
            **common, "SOPClassUID": MRImageStorage, "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
            "Modality": "MR", "PatientName": "Planted^Name", "SeriesNumber": 3, "InstanceNumber": number + 1,
            "ImagePositionPatient": [0, 0, 5 * number], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "PixelSpacing": [0.9, 0.9], "Rows": 160, "Columns": 160, "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2", "BitsAllocated": 16, "BitsStored": 12, "HighBit": 11,
            "PixelRepresentation": 0, "PixelData": pixels.tobytes(),
        }.items():  # fmt: skip
            setattr(data, name, value)
        data.save_as(path, enforce_file_format=True)
    return sorted(folder.iterdir())


def test_batch_of_fifty_with_five_unreadable_files(user: User, batch: list[Path]) -> None:
    page = user.page
    upload(user, batch)
    expect(worklist_items(page)).to_have_count(BATCH)
    counts = dict(zip(*(page.locator(f".summary-bar {tag}").all_inner_texts() for tag in ("dt", "dd")), strict=True))
    assert int(counts["Could not be read"]) == BROKEN
    assert sum(map(int, counts.values())) == BATCH
    statuses = [text.partition(" (")[0] for text in page.locator("[role=option] .kind").all_inner_texts()]
    assert statuses == sorted(statuses, key=[str(status) for status in ReadingStatus].index)
    user.choose("Could not be read")
    expect(worklist_items(page)).to_have_count(BROKEN)
    expect(page.get_by_role("alert")).to_contain_text("truncated or damaged")
    _check_downloads(user, batch)


def _check_downloads(user: User, batch: list[Path]) -> None:
    """Check that CSV, report and ZIP contain every file."""
    _, path = download(user.page, "CSV")
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert [row["name"] for row in rows] == [file.name for file in batch]
    assert sum(bool(row["error"]) for row in rows) == BROKEN
    name, path = download(user.page, "Excel")
    assert name.endswith("Z.xlsx")
    assert [row["name"] for row in read_workbook_rows(path.read_bytes())] == [file.name for file in batch]
    name, path = download(user.page, "PDF, all")
    text = " ".join(page.extract_text() for page in PdfReader(path).pages)
    assert name.endswith("Z.pdf")
    assert all(file.name in text for file in batch)
    assert RESEARCH_USE.split(". ")[0] in " ".join(text.split())
    _, path = download(user.page, "ZIP")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert sum(name.startswith("overlays/") for name in names) == BATCH - BROKEN
        assert archive.read("predictions.csv").decode("utf-8").splitlines()[0] == ",".join(COLUMNS)
        assert archive.read("report.pdf").startswith(b"%PDF")


def test_scans_can_be_read_with_the_keyboard_alone(user: User, batch: list[Path]) -> None:
    page = user.page
    upload(user, [file for file in batch if "slice-0" in file.name])
    keys = page.keyboard
    titles = page.locator("[role=option] .title").all_inner_texts()
    keys.press("j")
    expect(page.locator(".main .name")).to_have_text(titles[1])
    keys.press("k")
    expect(page.locator(".main .name")).to_have_text(titles[0])
    user.settle()
    with_overlays = viewport_pixels(user)
    keys.press("o")
    assert viewport_pixels(user) != with_overlays
    keys.press("o")
    assert viewport_pixels(user) == with_overlays
    keys.press("+")
    zoomed = viewport_pixels(user)
    assert zoomed != with_overlays
    page.locator(".viewport").focus()
    keys.press("ArrowRight")
    assert viewport_pixels(user) != zoomed
    keys.press("0")
    assert viewport_pixels(user) == with_overlays
    page.get_by_role("listbox", name="Scans").focus()
    keys.press("End")
    expect(page.locator(".main .name")).to_have_text(titles[-1])
    keys.press("Home")
    expect(page.locator(".main .name")).to_have_text(titles[0])
    user.settle()
    # Shortcuts do nothing while the user types.
    page.get_by_role("textbox", name="Comment").focus()
    keys.type("jojo")
    keys.press("Control+Enter")
    user.settle()
    expect(page.locator(".main .name")).to_have_text(titles[0])
    page.get_by_role("radio", name="Meningioma").focus()
    keys.press("Space")
    user.settle()
    _, path = download(page, "CSV")
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))}
    assert rows[titles[0]]["reader_comment"] == "jojo"
    assert rows[titles[0]]["reader_finding"] == "meningioma"


@pytest.mark.parametrize("user", [(DESKTOP, True)], indirect=True)
def test_series_is_scrolled_in_slice_order(user: User, series: list[Path]) -> None:
    page = user.page
    upload(user, series)
    expect(worklist_items(page)).to_have_count(1)
    slider = page.get_by_role("slider", name="Slice")
    slice_label = page.locator(".slices output")
    slider.focus()
    page.keyboard.press("Home")
    expect(slice_label).to_contain_text(f"Slice 1 of {SLICES}")
    user.settle()
    first = viewport_pixels(user)
    page.locator(".viewport").focus()
    page.keyboard.press("ArrowRight")
    page.mouse.move(*_center_of_viewport(user))
    page.mouse.wheel(0, 100)
    expect(slice_label).to_contain_text(f"Slice 3 of {SLICES}")
    user.settle()
    page.wait_for_timeout(300)
    user.settle()
    assert viewport_pixels(user) != first
    expect(page.locator(".slices rect")).to_have_count(SLICES)
    window = viewport_pixels(user)
    page.get_by_label("Window width").fill("400")
    assert viewport_pixels(user) != window
    assert "Planted" not in page.content() + page.locator(".viewer").inner_text()
    assert find_problems(user, "a series, dark theme") == []


def _center_of_viewport(user: User) -> tuple[float, float]:
    box = user.page.locator(".viewport").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_two_versions_are_compared(user: User, batch: list[Path]) -> None:
    page = user.page
    upload(user, batch[:2])
    page.get_by_role("combobox", name="Compare with").click()
    page.get_by_role("option", name="v2", exact=True).click()
    expect(page.locator(".viewport figcaption")).to_have_text(["v1", "v2"])
    user.settle()
    page.get_by_label("Side by side").check()
    expect(page.locator(".viewport figcaption")).to_have_text(["Scan", "v1", "v2"])
    assert viewport_pixels(user, 0) != viewport_pixels(user, 1) == viewport_pixels(user, 2)
    assert find_problems(user, "two versions") == []


@pytest.mark.parametrize("user", [(PHONE, False)], indirect=True)
def test_phone_shows_scan_and_error(user: User, batch: list[Path]) -> None:
    upload(user, batch[:4])
    assert user.fits()
    assert find_problems(user, "a scan on a phone") == []
    select_scan(user, "slice-03.jpg")
    expect(user.page.get_by_role("alert")).to_be_visible()
    assert user.fits()
    assert find_problems(user, "an error on a phone") == []
