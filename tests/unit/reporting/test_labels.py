"""What is said of an answer: a class by a version that tells them, tumour or none by one that does not, no more."""

import csv
import hashlib
import io
import re
from dataclasses import replace
from functools import cache

import pytest
from pypdf import PdfReader

from braintumor.enums import CLASSES, TumorClass, Verdict
from braintumor.inference import Detector
from braintumor.reporting.csv_export import csv_row, to_csv
from braintumor.reporting.labels import (
    class_probabilities,
    is_correct,
    label_sentence,
    label_text,
    label_title,
    prediction_set_texts,
)
from braintumor.reporting.pdf import pdf_report
from braintumor.reporting.report_scan import ReportEntry
from braintumor.results.headline_metrics import headline_metrics
from braintumor.settings import Settings
from tests.helpers.report_entries import entries
from tests.helpers.tiny_model import build, fit, to_binary
from tests.helpers.versions.tiny import write_version

KINDS = [c for c in CLASSES if c.is_tumor]
DECISION = 0.4


@cache
def _model() -> bytes:
    return build(*to_binary(*fit(per_class=8)))


@pytest.fixture
def blunt(workspace: Settings) -> Detector:
    """A detector that tells tumour from none and no kinds."""
    files = {"model.onnx": hashlib.sha256(_model()).hexdigest()}
    decision = {"threshold": DECISION, "chosen": "fixed for tests"}
    write_version(workspace.outputs, "blunt", _model(), task="tumor", decision=decision, files=files)
    return Detector.load("blunt", workspace)


@pytest.fixture
def read(blunt: Detector) -> list[ReportEntry]:
    """Readings with both answers among them."""
    found = entries(blunt, 8)
    assert {one.detection.result.is_tumor for one in found} == {True, False}
    return list(found)


def _text(content: bytes) -> str:
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages))


def _kinds_in(text: str) -> list[str]:
    return [c for c in KINDS if c in text.lower()]


def test_the_kinds_share_what_probability_there_is_and_none_is_told(read: list[ReportEntry]) -> None:
    for one in read:
        found = one.detection
        assert not found.is_multiclass
        assert len({round(found.probabilities[c], 6) for c in KINDS}) == 1
        assert found.result.is_tumor == (found.tumor_probability >= DECISION)
        assert [(chance.title, chance.label) for chance in class_probabilities(found)] == [("Any tumour", None)]
        said = f"{label_sentence(found)} {label_text(found)} {prediction_set_texts(found)}"
        assert ("tumour of any kind" in said) == (found.result.is_tumor or len(prediction_set_texts(found)) == 2)
        assert _kinds_in(said) == []


def test_a_row_names_tumor_or_none_and_leaves_the_kinds_empty(read: list[ReportEntry]) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(csv_row(one.detection) for one in read))))
    assert {row["result"] for row in rows} == {"tumor", "notumor"}
    for row, one in zip(rows, read, strict=True):
        assert [row[f"p_{c}"] for c in KINDS] == ["", "", ""]
        assert float(row["p_notumor"]) == pytest.approx(1 - float(row["tumor_probability"]), abs=2e-6)
        assert (row["result"] == "tumor") == one.detection.result.is_tumor


def test_a_report_claims_no_kind_anywhere(blunt: Detector, read: list[ReportEntry]) -> None:
    text = _text(pdf_report(read, card=blunt.artifact.card, headline_metrics=headline_metrics(blunt.artifact)))
    assert _kinds_in(text) == []
    assert "evidence for tumour of any kind" in text
    assert "tells tumour from none, and no kind of tumour from another" in text
    assert f"tumour is said from a probability of {DECISION:.1%}" in text


def test_both_answers_left_open_make_a_set_of_two(read: list[ReportEntry]) -> None:
    open_ = replace(read[0].detection, prediction_set=CLASSES)
    assert prediction_set_texts(open_) == ["tumour of any kind", "no tumour"]
    assert prediction_set_texts(replace(open_, prediction_set=(TumorClass.NOTUMOR,))) == ["no tumour"]


def test_any_kind_is_right_where_none_is_told_and_one_alone_where_they_are(read: list[ReportEntry]) -> None:
    found = next(one.detection for one in read if one.detection.result.is_tumor)
    assert all(is_correct(found, kind) for kind in KINDS)
    assert not is_correct(found, TumorClass.NOTUMOR)
    telling = replace(
        found, binary_threshold=None, probabilities={c: float(c is TumorClass.PITUITARY) for c in CLASSES}
    )
    assert [kind for kind in KINDS if is_correct(telling, kind)] == [TumorClass.PITUITARY]


def test_a_version_that_tells_kinds_says_them(detector: Detector) -> None:
    found = entries(detector, 1)[0].detection
    assert [chance.label for chance in class_probabilities(found)] == [None, *CLASSES]
    assert csv_row(found)["result"] == str(found.result)
    assert found.verdict in Verdict
    assert label_sentence(found) == f"Likeliest is {label_text(found)} at {found.probabilities[found.result]:.1%}."


@pytest.mark.parametrize(("name", "title"), [("tumor", "Tumour"), ("notumor", "No tumour"), ("glioma", "Glioma")])
def test_an_answer_in_a_table_has_a_title(name: str, title: str) -> None:
    assert label_title(name) == title
