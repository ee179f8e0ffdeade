"""PDF report: its content, accessibility and reproducibility; user text is data, never markup."""

import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from pypdf import PdfReader

from braintumor.enums import CLASSES, RESEARCH_USE, VERDICTS_BY_SUSPICION, Verdict
from braintumor.imaging import FailedScan, SeriesPosition
from braintumor.inference import Detector
from braintumor.inference.decision import describe_rule
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.pdf import pdf_report
from braintumor.results.headline_metrics import HeadlineMetric
from braintumor.results.metric import Metric
from braintumor.text import VERDICT_TITLES
from tests.helpers.report_entries import TIME, make_entries, make_entry, make_rejected_entry
from tests.helpers.versions.tiny import write_masked_version

METRICS = [
    HeadlineMetric("Sensitivity for any tumour", "its test split", Metric(0.971, (0.954, 0.987), 1000, 68), True),
    HeadlineMetric("Tumours with verdict tumour suspected", "the external set", Metric(0.615)),
]
MARKUP = '#panic("x") *bold* _it_ $x^2$ `raw` @ref <label> = Head \\ // no /* no */ [x] #sys.inputs "quoted" -- ~'
USER_TEXTS = [
    MARKUP, "../../etc/passwd", "a\nb\x00c\u202ecod.exe", "-" * 300, "Übergröße_Łódź_жук.png", "脳 scan 😀.png",
    "مسح.png", "=cmd|calc", "{{7*7}}", "\\u{41}",
]  # fmt: skip


@pytest.fixture
def card(detector):
    return detector.artifact.card


def read_pdf(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content))


def text_of(content: bytes) -> str:
    """All text, with spaces for line breaks and without break points in long words."""
    text = " ".join(page.extract_text() for page in read_pdf(content).pages)
    return re.sub(r"\s+", " ", text.replace("\u200b", ""))


def by_suspicion(entry) -> tuple[int, float]:
    return VERDICTS_BY_SUSPICION.index(entry.detection.verdict), -entry.detection.tumor_probability


def test_report_of_one_scan_contains_the_whole_result(detector, card):
    entry = make_entry(detector, finding=ReaderFinding("meningioma", "Dural tail.\nAsk again.", TIME))
    content = pdf_report([entry], card=card, headline_metrics=METRICS)
    text, detection = text_of(content), entry.detection
    assert len(read_pdf(content).pages) == 1
    expected = [
        detection.name, VERDICT_TITLES[detection.verdict], detection.reason, detection.sha256,
        *(c.title for c in CLASSES), *(f"{detection.probabilities[c]:.1%}" for c in CLASSES),
        "Most likely class", "95% prediction set", "Out-of-distribution score",
        "Read as meningioma", "Dural tail.", "Ask again.", "2025-01-31 09:30:00 UTC",
        "97.1% (95.4 to 98.7)", "1,000 images, 68 patient groups", "61.5%",
        "97.1% (95% CI 95.4 to 98.7; 1,000 images, 68 patient groups), on its test split",
        f"Tumour probability {describe_rule(card.thresholds)}",
    ]  # fmt: skip
    assert [words for words in expected if words not in text] == []
    assert RESEARCH_USE in text
    assert card.files["model.onnx"] in text


def test_first_page_of_a_batch_has_summary_and_list_by_suspicion(detector, card):
    batch = [*make_entries(detector, 8), make_rejected_entry(detector, 8)]
    failed = FailedScan("broken.jpg", "broken.jpg: the file is truncated. Copy it again.", "ab" * 32)
    content = pdf_report(batch, card=card, headline_metrics=METRICS, failed_scans=[failed])
    first_page = re.sub(r"\s+", " ", read_pdf(content).pages[0].extract_text())
    for words in ("9 scans, 1 unreadable file", RESEARCH_USE, card.files["model.onnx"], "97.1%"):
        assert words in first_page
    assert failed.problem in text_of(content)
    index = first_page[first_page.index("Scans, most suspicious first") :]
    positions = [index.index(entry.detection.name) for entry in sorted(batch, key=by_suspicion)]
    assert positions == sorted(positions)
    assert len({entry.detection.verdict for entry in batch}) > 1, "one verdict alone would show no order"


def test_batch_shows_every_scan_once_with_image_and_overlay(detector, card):
    batch = [*make_entries(detector, 5), make_rejected_entry(detector, 5)]
    pages = read_pdf(pdf_report(batch, card=card)).pages
    assert sum(len(page.images) for page in pages) == 2 * 5 + 1, "the rejected scan has no overlay"
    for number, entry in enumerate(batch, start=1):
        assert sum(f"{number}. {entry.detection.name}" in page.extract_text() for page in pages) == 1


def test_rejected_image_has_neither_class_nor_location(detector, card):
    text = text_of(pdf_report([make_rejected_entry(detector)], card=card))
    assert "Not a brain MRI" in text
    assert "did not look for a tumour" in text
    assert "Most likely class" not in text
    assert "Any tumour" not in text


def test_outline_is_described_with_its_size(workspace):
    write_masked_version(workspace.outputs)
    masked = Detector.load("v4", workspace)
    entry = next(
        entry
        for entry in make_entries(masked, 8)
        if entry.detection.area_pixels and entry.detection.verdict is not Verdict.NOT_BRAIN_MRI
    )
    without_spacing = text_of(pdf_report([entry], card=masked.artifact.card))
    assert "blue line: outlined area" in without_spacing
    assert f"{entry.detection.area_pixels:,} pixels" in without_spacing
    assert "no pixel spacing in the file" in without_spacing
    scaled = replace(entry, detection=replace(entry.detection, spacing=(0.5, 0.5)))
    text = text_of(pdf_report([scaled], card=masked.artifact.card))
    assert f"{entry.detection.area_pixels / 4:,.0f} mm²" in text
    assert f"longest diameter {entry.detection.diameter_pixels / 2:.1f} mm" in text


def test_details_of_the_file_are_listed(detector, card):
    entry = make_entry(detector)
    series = SeriesPosition("key", "Series 3, T1, 24 slices", 4, 24)
    warnings = ("Text is burned in.",)
    scan = replace(entry.scan, series=series, spacing=(0.5, 0.45), window=(300.0, 650.0), warnings=warnings)
    text = text_of(pdf_report([replace(entry, scan=scan)], card=card))
    expected = ("Series 3, T1, 24 slices; slice 5 of 24", "0.5 × 0.45 mm", "centre 300, width 650", *warnings)
    assert [words for words in expected if words not in text] == []


def test_report_is_accessible_to_screen_readers(detector, card):
    reader = read_pdf(pdf_report(make_entries(detector, 3), card=card, title="Ward round"))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-GB"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata.title == "Ward round"
    elements = list(iter_elements(root["/StructTreeRoot"]))
    tags = {str(element["/S"]) for element in elements}
    assert {"/H1", "/H2", "/Table", "/TH", "/TD", "/Figure"} <= tags
    figures = [element for element in elements if element["/S"] == "/Figure"]
    assert len(figures) == 6
    assert all(len(str(figure["/Alt"])) > 30 for figure in figures)
    scopes = [element["/A"] for element in elements if element["/S"] == "/TH"]
    assert scopes


def iter_elements(node):
    """All elements of a tag tree."""
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        element = kid.get_object()
        if isinstance(element, dict) and "/S" in element:
            yield element
            yield from iter_elements(element)


def test_metadata_declares_the_pdf_standards(detector, card):
    content = pdf_report(make_entries(detector, 1), card=card)
    metadata = read_pdf(content).trailer["/Root"]["/Metadata"].get_object().get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata


@pytest.mark.parametrize("typed", USER_TEXTS)
def test_user_text_is_never_parsed_as_markup(detector, card, typed):
    batch = [make_entry(detector, name=typed, finding=ReaderFinding("agree", typed)), make_entry(detector, 1)]
    failed_scans = [FailedScan(typed, typed, None)]
    text = text_of(pdf_report(batch, card=card, title=typed, patient_label=typed, failed_scans=failed_scans))
    if typed.isascii() and typed.isprintable():
        plain = re.sub(r"\s+", " ", typed)
        assert text.replace(" ", "").count(plain.replace(" ", "")) >= 5
    assert "\u202e" not in text


def test_characters_without_a_font_are_replaced_by_their_code(detector, card):
    text = text_of(pdf_report([make_entry(detector, name="\U0001bc00 Müller.png")], card=card))
    assert "[U+1BC00] Müller.png" in text


def test_patient_label_is_on_every_page_only_if_entered(detector, card):
    batch = make_entries(detector, 6)
    for page in read_pdf(pdf_report(batch, card=card, patient_label="Bed 7")).pages:
        assert "Patient label: Bed 7" in page.extract_text()
    assert "Patient" not in text_of(pdf_report(batch, card=card))


def test_large_batch_lists_all_scans_and_shows_the_most_important(detector, card, monkeypatch):
    monkeypatch.setattr("braintumor.reporting.report_scan.MAX_SCANS_WITH_IMAGES", 3)
    batch = make_entries(detector, 12)
    ranked = sorted(batch, key=by_suspicion)
    commented = replace(ranked[-1], finding=ReaderFinding(comment="Look again."))
    batch = [commented if entry is ranked[-1] else entry for entry in batch]
    pages = read_pdf(pdf_report(batch, card=card)).pages
    assert sum(len(page.images) for page in pages) == 2 * 3
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert "3 of 12 scans are shown" in text
    assert "Look again." in text
    assert all(entry.detection.name in text for entry in batch)
    for entry in batch:
        is_shown = entry is commented or any(entry is other for other in ranked[:2])
        assert (entry.detection.sha256 in text) == is_shown


def test_equal_input_gives_equal_bytes_and_another_time_does_not(detector, card):
    batch = make_entries(detector, 3)
    assert pdf_report(batch, card=card) == pdf_report(iter(batch), card=card)
    entry, later = make_entry(detector, 2), TIME + timedelta(days=1)
    assert pdf_report([entry], card=card) != pdf_report([entry], card=card, created=later)


def test_report_is_dated_by_its_latest_detection(detector, card):
    reader = read_pdf(pdf_report(make_entries(detector, 3), card=card))
    assert reader.metadata.creation_date == TIME + timedelta(seconds=2)


def test_report_can_consist_of_failed_files_only(card):
    failed = FailedScan("a.jpg", "a.jpg: the file is empty.")
    assert failed.problem in text_of(pdf_report([], card=card, failed_scans=[failed], created=TIME))


def test_long_comment_continues_on_further_pages(detector, card):
    words = " ".join(f"word{number}" for number in range(3000))
    content = pdf_report([make_entry(detector, finding=ReaderFinding("agree", words))], card=card)
    text = text_of(content)
    assert all(f"word{number}" in text for number in (0, 1500, 2999))
    assert len(read_pdf(content).pages) > 2


def test_report_without_metrics_states_that_accuracy_is_unknown(detector, card):
    assert "its accuracy is unknown" in text_of(pdf_report(make_entries(detector, 1), card=card))
