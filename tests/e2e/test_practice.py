"""The Practice page in a real browser: answers by keyboard, gallery, and the log of answers."""

import csv
import io
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from braintumor.datasets.manifest import read_manifest
from braintumor.enums import CLASSES
from braintumor.inference import Detector
from braintumor.reader_study.cases import Case, sample_cases
from braintumor.reporting.csv_export import COLUMNS
from braintumor.settings import Settings
from tests.helpers.e2e.user import DESKTOP, PHONE, User

pytestmark = pytest.mark.slow

ROUND = 7


@pytest.fixture(scope="session")
def cases(built: Settings) -> tuple[Case, ...]:
    return sample_cases(read_manifest(built), ROUND)


def _begin(user: User) -> None:
    user.go("Practice")
    box = user.page.get_by_label("Round", exact=True)
    box.fill(str(ROUND))
    box.press("Enter")
    user.settle()
    # Leave the box, where a digit would be typed.
    user.page.get_by_role("heading", name="What do you see?").click()


def _press(user: User, key: str, heading: str) -> None:
    user.page.keyboard.press(key)
    expect(user.page.get_by_role("heading", name=heading)).to_be_visible()
    user.settle()


def test_three_scans_are_answered_by_keyboard_and_logged(user: User, cases: tuple[Case, ...], built: Settings) -> None:
    page, detector = user.page, Detector.load("v1", built)
    _begin(user)
    for number, case in enumerate(cases[:3], start=1):
        assert case.name not in page.content()
        expect(page.get_by_role("img", name=f"Scan {number} to classify.")).to_be_visible()
        _press(user, str(CLASSES.index(case.label) + 1), f"True class: {case.label.title.lower()}")
        detection = detector.detect(built.dataset / case.path)
        expect(page.get_by_text(detection.reason)).to_be_visible()
        expect(page.get_by_text("Synthetic phantom, not a scan")).to_be_visible()
        expect(page.get_by_role("img", name=case.name)).to_be_visible()
        if number < 3:
            _press(user, "n", "What do you see?")
    right = sum(detector.detect(built.dataset / case.path).result is case.label for case in cases[:3])
    expect(page.get_by_role("figure", name=re.compile(f"You: 3 of 3.*Model v1: {right} of 3"))).to_have_count(1)
    user.go("Session log")
    with page.expect_download() as event:
        page.get_by_role("button", name="Download CSV").click()
    text = event.value.path().read_text(encoding="utf-8-sig")
    assert text.splitlines()[0] == ",".join(COLUMNS)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["name"] for row in rows] == [case.name for case in reversed(cases[:3])]
    assert [row["reader_finding"] for row in rows] == [case.label for case in reversed(cases[:3])]
    user.go("Practice")
    expect(page.get_by_role("heading", name=f"True class: {cases[2].label.title.lower()}")).to_be_visible()


@pytest.mark.parametrize(
    "user", [(DESKTOP, False), (DESKTOP, True), (PHONE, False)], indirect=True, ids=["light", "dark", "phone"]
)
def test_practice_fits_and_axe_reports_nothing(user: User, cases: tuple[Case, ...]) -> None:
    _begin(user)
    _press(user, "1", f"True class: {cases[0].label.title.lower()}")
    problems = _find_problems(user)
    user.page.get_by_text("Scans so far").click()
    user.settle()
    problems += _find_problems(user)
    user.open_tab("Gallery")
    user.choose("No tumour")
    problems += _find_problems(user)
    user.go("Session log")
    user.page.get_by_role("button", name="Clear").click()
    user.settle()
    problems += _find_problems(user)
    assert problems == []


def _find_problems(user: User) -> list[str]:
    violations = Axe().run(user.page).response["violations"]
    problems = [f"{rule['id']}: {node['html']}" for rule in violations for node in rule["nodes"]]
    return problems if user.fits() else [*problems, "the page is too wide"]
