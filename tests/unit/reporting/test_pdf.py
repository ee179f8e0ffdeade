"""PDF: it says what the reading says, a screen reader can follow it, and what people typed is data, never markup."""

import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from pypdf import PdfReader

from braintumor.enums import CLASSES, RESEARCH_USE, Verdict
from braintumor.imaging import SeriesPosition
from braintumor.inference import Detector
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.labels import VERDICTS
from braintumor.reporting.pdf import pdf_report
from braintumor.results.headline_metrics import HeadlineMetric
from tests.helpers.report_entries import TIME, Failed, entries, entry, refused
from tests.helpers.versions.tiny import write_masked_version

NOT_BRAIN_MRI = Verdict.NOT_BRAIN_MRI
MEASURED = [
    HeadlineMetric("Sensitivity for any tumour", "its test split", 0.971, 0.954, 0.987, 1000, 68, on_first_page=True),
    HeadlineMetric("Tumours that were called", "scans of other collections", 0.615),
]
MARKUP = '#panic("x") *bold* _it_ $x^2$ `raw` @ref <label> = Head \\ // no /* no */ [x] #sys.inputs "quoted" -- ~'
NASTY = [
    MARKUP, "../../etc/passwd", "a\nb\x00c\u202ecod.exe", "-" * 300, "Übergröße_Łódź_жук.png", "脳 scan 😀.png",
    "مسح.png", "=cmd|calc", "{{7*7}}", "\\u{41}",
]  # fmt: skip


@pytest.fixture
def card(detector):
    return detector.artifact.card


def opened(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content))


def text_of(content: bytes) -> str:
    """All text, with spaces for line breaks and without the places where a long word may be broken."""
    whole = " ".join(page.extract_text() for page in opened(content).pages)
    return re.sub(r"\s+", " ", whole.replace("\u200b", ""))


def test_a_report_of_one_scan_says_all_of_its_reading(detector, card):
    one = entry(detector, finding=ReaderFinding("meningioma", "Dural tail.\nAsk again.", TIME))
    text = text_of(pdf_report([one], card=card, headline_metrics=MEASURED))
    found = one.detection
    said = [
        found.name, VERDICTS[found.verdict], found.reason, found.sha256, *(c.title for c in CLASSES),
        *(f"{found.probabilities[c]:.1%}" for c in CLASSES), "Answer at 95% coverage", "Novelty",
        "Reads it as: meningioma", "Dural tail.", "Ask again.", "2025-01-31 09:30:00 UTC",
        "97.1% (95.4 to 98.7)", "1,000 images in 68 groups", "61.5%",
    ]  # fmt: skip
    assert [words for words in said if words not in text] == []
    assert RESEARCH_USE in text
    assert card.files["model.onnx"] in text


def test_the_first_page_of_a_batch_sums_it_up_and_lists_the_worst_first(detector, card):
    batch = [*entries(detector, 8), refused(detector, 8)]
    failures = [Failed("broken.jpg", "broken.jpg: the file is cut short. Copy it again.", "ab" * 32)]
    content = pdf_report(batch, card=card, headline_metrics=MEASURED, failed_scans=failures)
    first = re.sub(r"\s+", " ", opened(content).pages[0].extract_text())
    for words in ("9 scans, 1 file that could not be read", RESEARCH_USE, card.files["model.onnx"], "97.1%"):
        assert words in first
    assert failures[0].problem in text_of(content)
    verdicts = [e.detection.verdict for e in batch]
    index = first[first.index("Scans, worst first") :]
    worst = sorted(batch, key=lambda e: (list(VERDICTS).index(e.detection.verdict), -e.detection.tumor_probability))
    places = [index.index(e.detection.name) for e in worst]
    assert places == sorted(places)
    assert len(set(verdicts)) > 1, "one verdict alone would show no order"


def test_a_batch_shows_every_scan_once_with_its_picture_and_overlay(detector, card):
    batch = [*entries(detector, 5), refused(detector, 5)]
    pages = opened(pdf_report(batch, card=card)).pages
    images = sum(len(page.images) for page in pages)
    assert images == 2 * 5 + 1, "no overlay of the one that was refused"
    for number, one in enumerate(batch, start=1):
        assert sum(f"{number}. {one.detection.name}" in page.extract_text() for page in pages) == 1


def test_a_refused_picture_is_offered_no_class_and_no_place(detector, card):
    text = text_of(pdf_report([refused(detector)], card=card))
    assert "Not a brain MRI" in text
    assert "no tumour was looked for" in text
    assert "Likeliest class" not in text
    assert "Any tumour" not in text


def test_an_outline_is_said_with_its_size(workspace):
    write_masked_version(workspace.outputs)
    masked = Detector.load("v4", workspace)
    one = next(e for e in entries(masked, 8) if e.detection.area_pixels and e.detection.verdict is not NOT_BRAIN_MRI)
    plain = text_of(pdf_report([one], card=masked.artifact.card))
    assert "blue line: outlined tumour" in plain
    assert f"{one.detection.area_pixels:,} pixels" in plain
    assert "the file gives no pixel size" in plain
    scaled = replace(one, detection=replace(one.detection, spacing=(0.5, 0.5)))
    text = text_of(pdf_report([scaled], card=masked.artifact.card))
    assert f"{one.detection.area_pixels / 4:,.0f} mm²" in text
    assert f"longest diameter {one.detection.diameter_pixels / 2:.1f} mm" in text


def test_what_the_file_says_of_the_slice_is_said(detector, card):
    one = entry(detector)
    place = SeriesPosition("key", "Series 3, T1, 24 slices", 4, 24)
    scan = replace(one.scan, series=place, spacing=(0.5, 0.45), window=(300.0, 650.0), warnings=("Text is burned in.",))
    text = text_of(pdf_report([replace(one, scan=scan)], card=card))
    for words in (
        "Series 3, T1, 24 slices; slice 5 of 24",
        "0.5 × 0.45 mm",
        "centre 300, width 650",
        "Text is burned in.",
    ):
        assert words in text


def test_a_screen_reader_can_follow_it(detector, card):
    reader = opened(pdf_report(entries(detector, 3), card=card, title="Ward round"))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-GB"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata.title == "Ward round"
    elements = list(structure(root["/StructTreeRoot"]))
    kinds = [str(element["/S"]) for element in elements]
    assert {"/H1", "/H2", "/Table", "/TH", "/TD", "/Figure"} <= set(kinds)
    figures = [element for element in elements if element["/S"] == "/Figure"]
    assert len(figures) == 6
    assert all(len(str(figure["/Alt"])) > 30 for figure in figures)
    scopes = [element["/A"] for element in elements if element["/S"] == "/TH"]
    assert scopes


def structure(node):
    """All elements of a tag tree."""
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        element = kid.get_object()
        if isinstance(element, dict) and "/S" in element:
            yield element
            yield from structure(element)


def test_it_says_that_it_keeps_to_the_standards(detector, card):
    content = pdf_report(entries(detector, 1), card=card)
    about = opened(content).trailer["/Root"]["/Metadata"].get_object().get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in about
    assert "<pdfaid:part>2</pdfaid:part>" in about
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in about


@pytest.mark.parametrize("typed", NASTY)
def test_what_people_typed_is_data(detector, card, typed):
    one = entry(detector, name=typed, finding=ReaderFinding("agree", typed))
    content = pdf_report(
        [one, entry(detector, 1)],
        card=card,
        title=typed,
        patient_label=typed,
        failed_scans=[Failed(typed, typed, None)],
    )
    text = text_of(content)
    if typed.isascii() and typed.isprintable():
        plain = re.sub(r"\s+", " ", typed)
        assert text.replace(" ", "").count(plain.replace(" ", "")) >= 5
    assert "\u202e" not in text


def test_letters_no_font_has_are_spelled_and_the_rest_stays(detector, card):
    text = text_of(pdf_report([entry(detector, name="\U0001bc00 Müller.png")], card=card))
    assert "[U+1BC00] Müller.png" in text


def test_the_patient_label_is_on_every_page_and_nothing_is_where_none_was_typed(detector, card):
    batch = entries(detector, 6)
    for page in opened(pdf_report(batch, card=card, patient_label="Bed 7")).pages:
        assert "Patient label: Bed 7" in page.extract_text()
    assert "Patient" not in text_of(pdf_report(batch, card=card))


def test_of_a_large_batch_all_are_listed_and_those_with_a_finding_and_the_worst_shown(detector, card, monkeypatch):
    monkeypatch.setattr("braintumor.reporting.report_scan.MAX_SCANS_WITH_IMAGES", 3)
    batch = entries(detector, 12)
    worst = sorted(batch, key=lambda e: (list(VERDICTS).index(e.detection.verdict), -e.detection.tumor_probability))
    spoken_of = replace(worst[-1], finding=ReaderFinding(comment="Look again."))
    batch = [spoken_of if one is worst[-1] else one for one in batch]
    pages = opened(pdf_report(batch, card=card)).pages
    assert sum(len(page.images) for page in pages) == 2 * 3
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert "Shown are 3 of 12" in text
    assert "Look again." in text
    assert all(one.detection.name in text for one in batch)
    for one in batch:
        assert (one.detection.sha256 in text) == (one is spoken_of or any(one is other for other in worst[:2]))


def test_equal_input_gives_equal_bytes_and_a_later_reading_other_ones(detector, card):
    batch = entries(detector, 3)
    assert pdf_report(batch, card=card) == pdf_report(iter(batch), card=card)
    later = entry(detector, 2)
    moved = TIME + timedelta(days=1)
    assert pdf_report([later], card=card) != pdf_report([later], card=card, created=moved)


def test_it_is_dated_by_its_latest_reading(detector, card):
    reader = opened(pdf_report(entries(detector, 3), card=card))
    assert reader.metadata.creation_date == TIME + timedelta(seconds=2)


def test_a_report_of_failures_alone_can_be_set(card):
    text = text_of(pdf_report([], card=card, failed_scans=[Failed("a.jpg", "a.jpg: the file is empty.")], created=TIME))
    assert "a.jpg: the file is empty." in text


def test_a_very_long_comment_runs_on_over_pages(detector, card):
    words = " ".join(f"word{number}" for number in range(3000))
    content = pdf_report([entry(detector, finding=ReaderFinding("agree", words))], card=card)
    text = text_of(content)
    assert all(f"word{number}" in text for number in (0, 1500, 2999))
    assert len(opened(content).pages) > 2


def test_without_measurements_it_says_that_nothing_is_known(detector, card):
    assert "nothing is known of how often it is right" in text_of(pdf_report(entries(detector, 1), card=card))
