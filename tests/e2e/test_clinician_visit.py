"""A clinician in a real browser: upload scans, read verdicts, download the CSV, open every page."""

import csv
import io
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from app_pages.components.shared.formatting import VERDICT_TITLES
from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES, RESEARCH_USE
from braintumor.inference import Detector
from braintumor.reporting.csv_export import COLUMNS
from braintumor.settings import Settings
from tests.helpers.e2e.detection_page import download, select_scan, upload
from tests.helpers.e2e.routes import PAGES, PERFORMANCE_TABS
from tests.helpers.e2e.user import DESKTOP, PHONE, User

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def scans(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One phantom of each class, and a truncated file as the last."""
    folder = tmp_path_factory.mktemp("scans")
    for number, label in enumerate(CLASSES):
        Image.fromarray(make_phantom(label, 4242 + number, 224).pixels).save(folder / f"{label}.png")
    content = (folder / "glioma.png").read_bytes()
    (folder / "zz-cut.png").write_bytes(content[: len(content) // 3])
    return sorted(folder.iterdir())


def test_four_scans_have_verdicts_and_a_csv(user: User, scans: list[Path], built: Settings) -> None:
    page, detector = user.page, Detector.load("v1", built)
    user.go("Detection")
    upload(user, scans[:-1])
    for scan in scans[:-1]:
        detection = detector.detect(scan)
        select_scan(user, scan.name)
        expect(page.get_by_role("heading", name=VERDICT_TITLES[detection.verdict])).to_be_visible()
        expect(page.get_by_text(detection.reason)).to_be_visible()
        expect(page.get_by_role("img", name=scan.name)).to_be_visible()
    rows = _download(page)
    assert [row["name"] for row in rows] == [scan.name for scan in scans[:-1]]
    for row, scan in zip(rows, scans, strict=False):
        detection = detector.detect(scan)
        assert row["verdict"] == detection.verdict
        assert row["sha256"] == detection.sha256
        assert float(row["tumor_probability"]) == pytest.approx(detection.tumor_probability, abs=1e-5)


def test_unreadable_file_costs_one_row(user: User, scans: list[Path]) -> None:
    page = user.page
    user.go("Detection")
    upload(user, scans)
    select_scan(user, scans[-1].name)
    expect(page.get_by_role("alert")).to_contain_text("truncated or damaged")
    rows = _download(page)
    assert len(rows) == len(scans)
    assert [bool(row["error"]) for row in rows] == [False] * (len(scans) - 1) + [True]


def _download(page: Page) -> list[dict[str, str]]:
    name, path = download(page, "CSV")
    assert name.startswith("braintumor-")
    assert name.endswith("Z.csv")
    text = path.read_text(encoding="utf-8-sig")
    assert text.splitlines()[0] == ",".join(COLUMNS)
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    "user", [(DESKTOP, False), (DESKTOP, True), (PHONE, False)], indirect=True, ids=["light", "dark", "phone"]
)
def test_every_page_fits_and_shows_the_research_notice(user: User) -> None:
    for title in PAGES:
        user.go(title)
        notice = user.page.get_by_role("note")
        expect(notice).to_be_visible()
        expect(notice).to_contain_text(RESEARCH_USE.split(". ")[0])
        assert user.fits()


def test_tabs_of_the_performance_page_can_be_opened(user: User) -> None:
    user.go("Performance")
    for tab in PERFORMANCE_TABS:
        user.open_tab(tab)
    expect(user.page.get_by_text("Temperature")).to_be_visible()


@pytest.mark.parametrize("user", [(PHONE, True)], indirect=True)
def test_scan_can_be_read_on_a_phone(user: User, scans: list[Path]) -> None:
    user.go("Detection")
    upload(user, scans[:1])
    expect(user.page.get_by_role("img", name=scans[0].name)).to_be_visible()
    assert user.fits()
