"""No page claims that a version trained on a leaky split was tested on new patients."""

import json
import shutil

import pytest

from braintumor.results.version import read_version_report
from braintumor.settings import Settings
from tests.app.conftest import Open, Upload, use, words
from tests.helpers.apptest.detection import upload

LEAKY_RUNS = ("runs/v1/random-seed1", "runs/v1/official-seed1")


@pytest.fixture(params=LEAKY_RUNS)
def version(request: pytest.FixtureRequest, artifacts: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a leaky run the served version."""
    folder = artifacts.outputs / str(request.param)
    shutil.copy(artifacts.outputs / "v1" / "model.onnx", folder)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    card["files"] = json.loads((artifacts.outputs / "v1" / "card.json").read_text(encoding="utf-8"))["files"]
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    evaluation = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    evaluation["test"]["tumors@verdict:tumor suspected"] = {"value": 0.9, "low": 0.8, "high": 1.0}
    (folder / "evaluation.json").write_text(json.dumps(evaluation), encoding="utf-8")
    monkeypatch.setenv("BRAINTUMOR_VERSION", str(request.param))
    use(artifacts.inputs, artifacts.outputs, monkeypatch)
    return str(request.param)


def test_summary_says_that_the_split_leaks(version: str, open_page: Open) -> None:
    text = words(open_page("summary"))
    description = "On test scans of a split that leaks: other images of their patients are in the training split."
    assert f"{description} Version {version}" in text
    assert "without patients or near-duplicates" not in text


def test_detection_says_that_the_split_leaks(version: str, open_page: Open, scans: list[Upload]) -> None:
    text = words(upload(open_page, scans[:1]))
    assert "On test scans of a split that leaks" in text
    assert "without patients or near-duplicates" not in text


def test_practice_says_that_the_model_was_trained_on_its_scans(version: str, open_page: Open) -> None:
    text = words(open_page("practice"))
    assert "was trained on many of them" in text
    assert "was not trained on" not in text


def test_leaky_scores_support_no_hypothesis(version: str, open_page: Open) -> None:
    text = words(open_page("hypotheses"))
    assert f"The test split of {version} leaks, so it cannot answer this." in text


def test_version_trained_by_group_was_tested_on_new_patients(artifacts: Settings, open_page: Open) -> None:
    description = "On test scans without patients or near-duplicates of the training images."
    assert f"{description} Version v1" in words(open_page("summary"))
    assert not read_version_report("v1", artifacts).has_leakage
