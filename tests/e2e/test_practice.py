"""Practice in a real browser, by keyboard alone: guess, compare, go on, look at the gallery, take the log."""

import csv
import io
import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from braintumor.datasets.manifest import read_manifest
from braintumor.enums import CLASSES
from braintumor.inference import Detector
from braintumor.reader_study.cases import Case, sample_cases
from braintumor.reporting.csv_export import COLUMNS
from braintumor.settings import Settings
from tests.helpers.e2e.user import DESK, PHONE, Visitor, visiting

pytestmark = pytest.mark.slow

ROUND = 7


@pytest.fixture
def visit(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    with visiting(browser, address, *getattr(request, "param", ())) as visitor:
        yield visitor


@pytest.fixture(scope="session")
def order(built: Settings) -> tuple[Case, ...]:
    return sample_cases(read_manifest(built), ROUND)


def _begin(visit: Visitor) -> None:
    visit.go("Practice")
    box = visit.page.get_by_label("Round", exact=True)
    box.fill(str(ROUND))
    box.press("Enter")
    visit.settle()
    # Away from the box, where a digit would be typed.
    visit.page.get_by_role("heading", name="What do you see?").click()


def _press(visit: Visitor, key: str, shows: str) -> None:
    visit.page.keyboard.press(key)
    expect(visit.page.get_by_role("heading", name=shows)).to_be_visible()
    visit.settle()


def test_three_scans_are_read_by_keyboard_and_logged(visit: Visitor, order: tuple[Case, ...], built: Settings) -> None:
    page, detector = visit.page, Detector.load("v1", built)
    _begin(visit)
    for number, case in enumerate(order[:3], start=1):
        assert case.name not in page.content()
        expect(page.get_by_role("img", name=f"Scan {number} to be read.")).to_be_visible()
        _press(visit, str(CLASSES.index(case.label) + 1), f"The truth: {case.label.title.lower()}")
        found = detector.detect(built.dataset / case.path)
        expect(page.get_by_text(found.reason)).to_be_visible()
        expect(page.get_by_text("Drawn phantom, not a scan")).to_be_visible()
        expect(page.get_by_role("img", name=case.name)).to_be_visible()
        if number < 3:
            _press(visit, "n", "What do you see?")
    right = sum(detector.detect(built.dataset / case.path).result is case.label for case in order[:3])
    expect(page.get_by_role("figure", name=re.compile(f"You: 3 of 3.*Model v1: {right} of 3"))).to_have_count(1)
    visit.go("Session log")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download CSV").click()
    text = waiting.value.path().read_text(encoding="utf-8")
    assert text.splitlines()[0] == ",".join(COLUMNS)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["name"] for row in rows] == [case.name for case in reversed(order[:3])]
    assert [row["reader_finding"] for row in rows] == [case.label for case in reversed(order[:3])]
    visit.go("Practice")
    expect(page.get_by_role("heading", name=f"The truth: {order[2].label.title.lower()}")).to_be_visible()


@pytest.mark.parametrize(
    "visit", [(DESK, False), (DESK, True), (PHONE, False)], indirect=True, ids=["light", "dark", "phone"]
)
def test_practice_fits_and_axe_finds_nothing(visit: Visitor, order: tuple[Case, ...]) -> None:
    _begin(visit)
    _press(visit, "1", f"The truth: {order[0].label.title.lower()}")
    found = _complaints(visit)
    visit.page.get_by_text("Scans so far").click()
    visit.settle()
    found += _complaints(visit)
    visit.open_tab("Gallery")
    visit.choose("No tumour")
    found += _complaints(visit)
    visit.go("Session log")
    visit.page.get_by_role("button", name="Clear").click()
    visit.settle()
    found += _complaints(visit)
    assert found == []


def _complaints(visit: Visitor) -> list[str]:
    found = Axe().run(visit.page).response["violations"]
    said = [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]
    return said if visit.fits() else [*said, "sticks out sideways"]
