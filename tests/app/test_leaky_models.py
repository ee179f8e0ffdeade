"""Versions fitted under a split that leaks: no page says that they are judged on patients they never saw."""

import json
import shutil

import pytest

from braintumor.results.version import read_version_report
from braintumor.settings import Settings
from tests.app.conftest import Open, Upload, use, words
from tests.helpers.detection_apptest import upload

LEAKY = ("v1-random", "v1-official")


@pytest.fixture(params=LEAKY)
def version(request: pytest.FixtureRequest, artifacts: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """The version that the pages speak of, with a model."""
    folder = artifacts.outputs / str(request.param)
    shutil.copy(artifacts.outputs / "v1" / "model.onnx", folder)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    card["files"] = json.loads((artifacts.outputs / "v1" / "card.json").read_text(encoding="utf-8"))["files"]
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    report = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    report["test"]["tumors@verdict:tumor suspected"] = {"value": 0.9, "low": 0.8, "high": 1.0}
    (folder / "evaluation.json").write_text(json.dumps(report), encoding="utf-8")
    monkeypatch.setenv("BRAINTUMOR_VERSION", str(request.param))
    use(artifacts.inputs, artifacts.outputs, monkeypatch)
    return str(request.param)


def test_the_summary_says_that_its_split_leaks(version: str, open_page: Open) -> None:
    said = words(open_page("summary"))
    assert f"of a split that leaks, so that it learnt from other images of their patients, version {version}" in said
    assert "never saw" not in said.split("What it learned from")[0]


def test_the_reading_room_says_so_too(version: str, open_page: Open, scans: list[Upload]) -> None:
    said = words(upload(open_page, scans[:1]))
    assert "On test scans of a split that leaks" in said
    assert "never saw" not in said


def test_practice_does_not_call_its_scans_unseen(version: str, open_page: Open) -> None:
    said = words(open_page("practice"))
    assert "learnt from many of them" in said
    assert "did not learn from" not in said


def test_such_scores_support_no_claim(version: str, open_page: Open) -> None:
    said = words(open_page("hypotheses"))
    assert f"The test images of {version} are of a split that leaks, so they cannot say." in said


def test_the_version_itself_is_judged_on_what_it_never_saw(artifacts: Settings, open_page: Open) -> None:
    assert "On test scans of patients and near-duplicates it never saw, version v1" in words(open_page("summary"))
    assert not read_version_report("v1", artifacts).has_leakage
