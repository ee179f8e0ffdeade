"""Explanations in PDF reports: in full for one scan, short among others, right to left where due."""

import io

import pytest
from pypdf import PdfReader

from braintumor.explanation.report import ReportExplanations
from braintumor.inference import Detector
from braintumor.reporting.pdf import pdf_report
from braintumor.reporting.report_context import report_context
from braintumor.reporting.report_scan import render_report_scan
from tests.helpers.report_entries import TIME, make_entries


def _text(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


def test_report_of_one_scan_explains_it_in_the_language(detector: Detector) -> None:
    card = detector.artifact.card
    text = _text(pdf_report(make_entries(detector, 1), card=card, explanations=ReportExplanations("de")))
    assert "Was das Modell sieht: Auf dieser Schicht" in text
    assert "Was es nicht wissen kann:" in text
    assert "Was das Modell sieht" not in _text(pdf_report(make_entries(detector, 1), card=card))


@pytest.mark.parametrize("language", ["ar", "ur"])
def test_letters_of_right_to_left_languages_are_drawn(detector: Detector, language: str) -> None:
    text = _text(
        pdf_report(make_entries(detector, 1), card=detector.artifact.card, explanations=ReportExplanations(language))
    )
    assert "[U+" not in text
    assert "ماڈل" in text or "النموذج" in text


def test_scans_among_others_have_the_short_form(detector: Detector) -> None:
    scans, card = [render_report_scan(entry) for entry in make_entries(detector, 2)], detector.artifact.card
    context = report_context(scans, (), card, (), "", "", TIME)
    ReportExplanations("ar").add_to(context, card, [scan.detection for scan in scans], ())
    for entry in context["scans"]:
        assert (entry["explanation"]["language"], entry["explanation"]["direction"]) == ("ar", "rtl")
        assert 1 <= len(entry["explanation"]["paragraphs"]) <= 3
