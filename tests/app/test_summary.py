"""The Summary page shows the numbers in outputs."""

import json
from pathlib import Path

import pytest

from app_pages.components.summary.engineer import API, COMMAND, LIBRARY, SAMPLE_PATH
from braintumor.enums import CLASSES, RESEARCH_USE
from braintumor.inference import Detector
from braintumor.reporting.labels import verdict_title
from braintumor.samples import list_samples
from braintumor.settings import Settings
from braintumor.text import class_text
from tests.app.conftest import Open, words
from tests.helpers.apptest.detection import reading_session, wait_until_read


def test_headline_metrics_are_those_of_the_evaluation(artifacts: Settings, open_page: Open) -> None:
    path = artifacts.outputs / "v1" / "evaluation.json"
    evaluation = json.loads(path.read_text(encoding="utf-8"))
    evaluation["test"]["tumor_sensitivity"] = {"value": 0.8317, "low": 0.7123, "high": 0.9045, "n": 321, "groups": 12}
    path.write_text(json.dumps(evaluation), encoding="utf-8")
    app = open_page("summary")
    assert "83.2%" in [metric.value for metric in app.metric]
    assert "95% CI 71.2 to 90.4" in words(app) or "95% CI 71.2 to 90.5" in words(app)


def test_leakage_is_that_of_the_audit(artifacts: Settings, open_page: Open) -> None:
    path = artifacts.dataset_outputs / "audit.json"
    audit = json.loads(path.read_text(encoding="utf-8"))
    audit["leakage"]["official_testing"] = 1234
    audit["leakage"]["testing_with_upright_near_identical_in_training"] = 617
    path.write_text(json.dumps(audit), encoding="utf-8")
    assert "617 of 1,234** official test images (50%)" in words(open_page("summary"))


def test_each_class_is_listed_with_its_count(artifacts: Settings, open_page: Open) -> None:
    text = words(open_page("summary"))
    audit = json.loads((artifacts.dataset_outputs / "audit.json").read_text(encoding="utf-8"))
    for label in CLASSES:
        assert f"{audit['by_label'][label]} images of {class_text(label)}" in text


def test_sample_is_shown_as_the_model_reads_it(artifacts: Settings, open_page: Open) -> None:
    sample, app = list_samples()[0], open_page("summary")
    detection = Detector.load("v1").detect(sample.path)
    alts = [image.alt for element in app.get("image") for image in element.proto.imgs]
    assert any(f"Version v1: {verdict_title(detection).lower()}" in alt for alt in alts)


def test_click_on_a_sample_leads_to_its_reading(artifacts: Settings, open_page: Open) -> None:
    app = open_page("summary")
    app.button(key="sample-slice-1").click().run()
    assert [reading.name for reading in reading_session(wait_until_read(app)).readings()] == ["sample-slice-1.jpg"]
    assert app.title[0].value == "Detection"


def test_library_snippet_runs_and_the_others_name_a_file(
    artifacts: Settings, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(LIBRARY, {})
    assert Detector.load("v1").detect(list_samples()[0].path).reason in capsys.readouterr().out
    assert (root / SAMPLE_PATH).is_file()
    assert SAMPLE_PATH in COMMAND
    assert SAMPLE_PATH in API


def test_notice_and_image_source_are_shown(artifacts: Settings, open_page: Open) -> None:
    app = open_page("summary")
    assert RESEARCH_USE in words(app)
    assert any("kaggle.com/datasets/masoudnickparvar" in link.proto.page for link in app.get("page_link"))


def test_readme_opens_on_the_same_page(artifacts: Settings, open_page: Open) -> None:
    app = open_page("summary")
    next(button for button in app.button if "README" in button.label).click().run()
    assert not app.exception


def test_damaged_audit_counts_as_missing(artifacts: Settings, open_page: Open) -> None:
    (artifacts.dataset_outputs / "audit.json").write_text("{", encoding="utf-8")
    app = open_page("summary")
    assert not app.exception
    assert "braintumor data audit" in words(app)
