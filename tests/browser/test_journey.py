"""A clinician's visit in a real browser: drop scans, read verdicts, take the CSV, look at every page."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, ViewportSize, expect

from app_pages.components.words import VERDICT_TITLES
from braintumor.dataset.phantoms import draw
from braintumor.inference import Detector
from braintumor.reporting.csv import COLUMNS
from braintumor.settings import Settings
from braintumor.vocabulary import CLASSES, RESEARCH_USE
from tests.browser.withdrawn import is_withdrawn_picture

pytestmark = pytest.mark.slow

PAGES = ("Summary", "Visualizer", "Detection", "Hypotheses", "Performance")
PARTS = ("Scores", "Curves", "Training", "Leakage", "Model card")
DESK: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
# A busy machine is no bug.
expect.set_options(timeout=30_000)


@dataclass
class Visit:
    """A page in the browser, and what went on behind it."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)


@pytest.fixture
def visit(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A fresh visitor; afterwards, nothing may have been complained of or asked of another host."""
    size, dark = getattr(request, "param", (DESK, False))
    context = browser.new_context(viewport=size, color_scheme="dark" if dark else "light", accept_downloads=True)
    context.set_default_timeout(30_000)
    visit = Visit(context.new_page())

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and not is_withdrawn_picture(message):
            visit.complaints.append(message.text)

    def watch(asked: Request) -> None:
        if asked.url.startswith(("http", "ws")):
            visit.hosts.add(urlsplit(asked.url).netloc)

    visit.page.on("console", listen)
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.on("request", watch)
    visit.page.on("websocket", lambda socket: visit.hosts.add(urlsplit(socket.url).netloc))
    visit.page.goto(address)
    expect(visit.page.get_by_role("heading", level=1)).to_be_visible()
    _settled(visit.page)
    yield visit
    _settled(visit.page)
    context.close()
    assert visit.complaints == []
    assert visit.hosts == {urlsplit(address).netloc}


@pytest.fixture(scope="session")
def scans(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One phantom of each class as a file, and last one that is cut short."""
    folder = tmp_path_factory.mktemp("scans")
    for number, label in enumerate(CLASSES):
        Image.fromarray(draw(label, 4242 + number, 224).pixels).save(folder / f"{label}.png")
    whole = (folder / "glioma.png").read_bytes()
    (folder / "zz-cut.png").write_bytes(whole[: len(whole) // 3])
    return sorted(folder.iterdir())


def _go(page: Page, title: str) -> None:
    """Follow the navigation to a page: at the top on a desk, in a row above the title on a phone."""
    row = page.locator(".st-key-pages") if page.viewport_size == PHONE else page.get_by_role("banner")
    row.get_by_role("link", name=title, exact=True).click()
    heading = "Brain Tumor Detector" if title == "Summary" else title
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    _settled(page)


def _settled(page: Page) -> None:
    """Wait until the server has run the page to its end and every image has come."""
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    page.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth > 0)")


def test_four_scans_give_four_verdicts_and_a_csv(visit: Visit, scans: list[Path], built: Settings) -> None:
    page, detector = visit.page, Detector.load("v1", built)
    _go(page, "Detection")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(scans[:-1])
    for scan in scans[:-1]:
        found = detector.detect(scan)
        card = page.locator('[class*="st-key-scan-"]').filter(has_text=scan.name)
        expect(card.get_by_role("heading", name=VERDICT_TITLES[found.verdict])).to_be_visible()
        expect(card.get_by_text(found.reason)).to_be_visible()
        expect(card.get_by_role("img").first).to_be_visible()
    rows = _download(page)
    assert [row["name"] for row in rows] == [scan.name for scan in scans[:-1]]
    for row, scan in zip(rows, scans, strict=False):
        found = detector.detect(scan)
        assert row["verdict"] == found.verdict
        assert row["sha256"] == found.sha256
        assert float(row["tumor_probability"]) == pytest.approx(found.tumor_probability, abs=1e-5)


def test_a_broken_file_costs_one_row_in_the_browser(visit: Visit, scans: list[Path]) -> None:
    page = visit.page
    _go(page, "Detection")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(scans)
    expect(page.get_by_role("alert")).to_contain_text("cut short or damaged")
    expect(page.locator('[class*="st-key-scan-"]')).to_have_count(len(scans) - 1)
    rows = _download(page)
    assert len(rows) == len(scans)
    assert [bool(row["error"]) for row in rows] == [False] * (len(scans) - 1) + [True]


def _download(page: Page) -> list[dict[str, str]]:
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download CSV").click()
    name, path = waiting.value.suggested_filename, waiting.value.path()
    assert name.startswith("braintumor-")
    assert name.endswith("Z.csv")
    text = path.read_text(encoding="utf-8")
    assert text.splitlines()[0] == ",".join(COLUMNS)
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    "visit", [(DESK, False), (DESK, True), (PHONE, False)], indirect=True, ids=["light", "dark", "phone"]
)
def test_every_page_can_be_visited(visit: Visit) -> None:
    for title in PAGES:
        _go(visit.page, title)
        notice = visit.page.get_by_role("note")
        expect(notice).to_be_visible()
        expect(notice).to_contain_text(RESEARCH_USE.split(". ")[0])
        _fits(visit.page)


def test_every_part_of_performance_can_be_opened(visit: Visit) -> None:
    _go(visit.page, "Performance")
    for part in PARTS:
        tab = visit.page.get_by_role("tab", name=part)
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        _settled(visit.page)
    expect(visit.page.get_by_text("Temperature")).to_be_visible()


@pytest.mark.parametrize("visit", [(PHONE, True)], indirect=True)
def test_a_scan_can_be_read_on_a_phone(visit: Visit, scans: list[Path]) -> None:
    _go(visit.page, "Detection")
    visit.page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(scans[0])
    expect(visit.page.locator('[class*="st-key-scan-"]')).to_have_count(1)
    _settled(visit.page)
    _fits(visit.page)


def _fits(page: Page) -> None:
    """Nothing sticks out sideways."""
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth - element.clientWidth") <= 0
