"""Texts for a detection: the class for a multiclass model, only tumour or no tumour for a binary model."""

import csv
import hashlib
import io
import re
from dataclasses import replace
from functools import cache

import pytest
from pypdf import PdfReader

from braintumor.enums import CLASSES, PictureKind, TumorClass, Verdict
from braintumor.inference import Detector
from braintumor.reporting.csv_export import csv_row, to_csv
from braintumor.reporting.labels import (
    class_probabilities,
    is_correct,
    label_sentence,
    label_text,
    label_title,
    prediction_set_texts,
    verdict_title,
)
from braintumor.reporting.pdf import pdf_report
from braintumor.reporting.report_scan import ReportEntry
from braintumor.results.headline_metrics import headline_metrics
from braintumor.settings import Settings
from braintumor.text import VERDICT_TITLES
from tests.helpers.report_entries import make_entries
from tests.helpers.tiny_model import build, fit, to_binary
from tests.helpers.versions.tiny import write_version

TUMOR_TYPES = [c for c in CLASSES if c.is_tumor]
THRESHOLD = 0.4


@cache
def _binary_model() -> bytes:
    return build(*to_binary(*fit(per_class=8)))


@pytest.fixture
def binary_detector(workspace: Settings) -> Detector:
    files = {"model.onnx": hashlib.sha256(_binary_model()).hexdigest()}
    decision = {"threshold": THRESHOLD, "chosen": "fixed for tests"}
    write_version(workspace.outputs, "binary", _binary_model(), task="tumor", decision=decision, files=files)
    return Detector.load("binary", workspace)


@pytest.fixture
def binary_entries(binary_detector: Detector) -> list[ReportEntry]:
    """Entries with both predictions among them."""
    entries = make_entries(binary_detector, 8)
    assert {entry.detection.result.is_tumor for entry in entries} == {True, False}
    return entries


def _text(content: bytes) -> str:
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages))


def _types_in(text: str) -> list[str]:
    return [c for c in TUMOR_TYPES if c in text.lower()]


def test_binary_model_shares_its_probability_and_names_no_type(binary_entries: list[ReportEntry]) -> None:
    for entry in binary_entries:
        detection = entry.detection
        assert not detection.is_multiclass
        assert len({round(detection.probabilities[c], 6) for c in TUMOR_TYPES}) == 1
        assert detection.result.is_tumor == (detection.tumor_probability >= THRESHOLD)
        assert [(bar.title, bar.label) for bar in class_probabilities(detection)] == [("Any tumour", None)]
        prediction_set = prediction_set_texts(detection)
        text = f"{label_sentence(detection)} {label_text(detection)} {prediction_set}"
        assert ("tumour of any type" in text) == (detection.result.is_tumor or len(prediction_set) == 2)
        assert _types_in(text) == []


def test_binary_row_has_tumor_or_notumor_and_no_type_probabilities(binary_entries: list[ReportEntry]) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(csv_row(entry.detection) for entry in binary_entries))))
    assert {row["result"] for row in rows} == {"tumor", "notumor"}
    for row, entry in zip(rows, binary_entries, strict=True):
        assert [row[f"p_{c}"] for c in TUMOR_TYPES] == ["", "", ""]
        assert float(row["p_notumor"]) == pytest.approx(1 - float(row["tumor_probability"]), abs=2e-6)
        assert (row["result"] == "tumor") == entry.detection.result.is_tumor


def test_binary_report_names_no_type(binary_detector: Detector, binary_entries: list[ReportEntry]) -> None:
    artifact = binary_detector.artifact
    text = _text(pdf_report(binary_entries, card=artifact.card, headline_metrics=headline_metrics(artifact)))
    assert _types_in(text) == []
    assert "evidence for tumour of any type" in text
    assert "This model does not predict the tumour type" in text
    assert f"tumour from a probability of {THRESHOLD:.1%}" in text


def test_binary_prediction_set_has_at_most_two_entries(binary_entries: list[ReportEntry]) -> None:
    both = replace(binary_entries[0].detection, prediction_set=CLASSES)
    assert prediction_set_texts(both) == ["tumour of any type", "no tumour"]
    assert prediction_set_texts(replace(both, prediction_set=(TumorClass.NOTUMOR,))) == ["no tumour"]


def test_correctness_ignores_the_type_only_for_binary_models(binary_entries: list[ReportEntry]) -> None:
    binary = next(entry.detection for entry in binary_entries if entry.detection.result.is_tumor)
    assert all(is_correct(binary, tumor_type) for tumor_type in TUMOR_TYPES)
    assert not is_correct(binary, TumorClass.NOTUMOR)
    probabilities = {c: float(c is TumorClass.PITUITARY) for c in CLASSES}
    multiclass = replace(binary, binary_threshold=None, probabilities=probabilities)
    assert [c for c in TUMOR_TYPES if is_correct(multiclass, c)] == [TumorClass.PITUITARY]


@pytest.mark.parametrize("kind", list(PictureKind))
@pytest.mark.parametrize("verdict", list(Verdict))
def test_verdict_has_the_same_title_for_any_kind_of_picture(
    detector: Detector, kind: PictureKind, verdict: Verdict
) -> None:
    detection = replace(make_entries(detector, 1)[0].detection, verdict=verdict, picture=kind)
    assert verdict_title(detection) == VERDICT_TITLES[verdict]


def test_multiclass_model_names_the_class(detector: Detector) -> None:
    detection = make_entries(detector, 1)[0].detection
    assert [bar.label for bar in class_probabilities(detection)] == [None, *CLASSES]
    assert csv_row(detection)["result"] == str(detection.result)
    assert detection.verdict in Verdict
    shares = {TumorClass.GLIOMA: 0.5, TumorClass.MENINGIOMA: 0.3, TumorClass.NOTUMOR: 0.1, TumorClass.PITUITARY: 0.1}
    sure = replace(detection, probabilities=shares)
    assert label_sentence(sure) == f"Most likely class: {label_text(sure)} (50.0%)."
    unsure = replace(sure, probabilities=shares | {TumorClass.GLIOMA: 0.4, TumorClass.PITUITARY: 0.2})
    assert label_sentence(unsure).endswith("(40.0%). The type is uncertain.")


@pytest.mark.parametrize(("key", "title"), [("tumor", "Tumour"), ("notumor", "No tumour"), ("glioma", "Glioma")])
def test_label_title(key: str, title: str) -> None:
    assert label_title(key) == title
