"""A clinician's visit in a real browser: drop scans, read verdicts, take the CSV, look at every page."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from app_pages.components.shared.formatting import VERDICT_TITLES
from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES, RESEARCH_USE
from braintumor.inference import Detector
from braintumor.reporting.csv_export import COLUMNS
from braintumor.settings import Settings
from tests.helpers.e2e.detection_page import choose, download, drop
from tests.helpers.e2e.routes import PAGES, PARTS
from tests.helpers.e2e.user import DESK, PHONE, Visitor, visiting

pytestmark = pytest.mark.slow


@pytest.fixture
def visit(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    """A fresh visitor; afterwards, nothing may have been complained of or asked of another host."""
    with visiting(browser, address, *getattr(request, "param", ())) as visitor:
        yield visitor


@pytest.fixture(scope="session")
def scans(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One phantom of each class as a file, and last one that is cut short."""
    folder = tmp_path_factory.mktemp("scans")
    for number, label in enumerate(CLASSES):
        Image.fromarray(make_phantom(label, 4242 + number, 224).pixels).save(folder / f"{label}.png")
    whole = (folder / "glioma.png").read_bytes()
    (folder / "zz-cut.png").write_bytes(whole[: len(whole) // 3])
    return sorted(folder.iterdir())


def test_four_scans_give_four_verdicts_and_a_csv(visit: Visitor, scans: list[Path], built: Settings) -> None:
    page, detector = visit.page, Detector.load("v1", built)
    visit.go("Detection")
    drop(visit, scans[:-1])
    for scan in scans[:-1]:
        found = detector.detect(scan)
        choose(visit, scan.name)
        expect(page.get_by_role("heading", name=VERDICT_TITLES[found.verdict])).to_be_visible()
        expect(page.get_by_text(found.reason)).to_be_visible()
        expect(page.get_by_role("img", name=scan.name)).to_be_visible()
    rows = _download(page)
    assert [row["name"] for row in rows] == [scan.name for scan in scans[:-1]]
    for row, scan in zip(rows, scans, strict=False):
        found = detector.detect(scan)
        assert row["verdict"] == found.verdict
        assert row["sha256"] == found.sha256
        assert float(row["tumor_probability"]) == pytest.approx(found.tumor_probability, abs=1e-5)


def test_a_broken_file_costs_one_row_in_the_browser(visit: Visitor, scans: list[Path]) -> None:
    page = visit.page
    visit.go("Detection")
    drop(visit, scans)
    choose(visit, scans[-1].name)
    expect(page.get_by_role("alert")).to_contain_text("truncated or damaged")
    rows = _download(page)
    assert len(rows) == len(scans)
    assert [bool(row["error"]) for row in rows] == [False] * (len(scans) - 1) + [True]


def _download(page: Page) -> list[dict[str, str]]:
    name, path = download(page, "CSV")
    assert name.startswith("braintumor-")
    assert name.endswith("Z.csv")
    text = path.read_text(encoding="utf-8")
    assert text.splitlines()[0] == ",".join(COLUMNS)
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    "visit", [(DESK, False), (DESK, True), (PHONE, False)], indirect=True, ids=["light", "dark", "phone"]
)
def test_every_page_can_be_visited(visit: Visitor) -> None:
    for title in PAGES:
        visit.go(title)
        notice = visit.page.get_by_role("note")
        expect(notice).to_be_visible()
        expect(notice).to_contain_text(RESEARCH_USE.split(". ")[0])
        assert visit.fits()


def test_every_part_of_performance_can_be_opened(visit: Visitor) -> None:
    visit.go("Performance")
    for part in PARTS:
        visit.open_tab(part)
    expect(visit.page.get_by_text("Temperature")).to_be_visible()


@pytest.mark.parametrize("visit", [(PHONE, True)], indirect=True)
def test_a_scan_can_be_read_on_a_phone(visit: Visitor, scans: list[Path]) -> None:
    visit.go("Detection")
    drop(visit, scans[:1])
    expect(visit.page.get_by_role("img", name=scans[0].name)).to_be_visible()
    assert visit.fits()
