"""A fresh evaluation is compared with the stored metrics, and nothing is written."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from braintumor.errors import ArtifactError
from braintumor.evaluation import diff
from braintumor.evaluation.diff import diff_evaluation, summarize_differences
from braintumor.settings import Settings

STORED = {
    "validation": {"accuracy": {"value": 0.95, "low": 0.9, "high": 1.0, "n": 20, "groups": 10}},
    "test": {
        "accuracy": {"value": 0.9, "low": 0.85, "high": 0.95, "n": 40, "groups": 20},
        "loss": {"value": 0.25, "low": 0.2, "high": 0.3, "n": 40, "groups": 20},
        "dice": {"value": None, "low": None, "high": None, "n": 0, "groups": 0},
    },
}


@pytest.fixture
def outputs(workspace: Settings) -> Settings:
    """A model with an evaluation, next to a dataset folder."""
    (workspace.outputs / "v1").mkdir()
    (workspace.outputs / "v1" / "evaluation.json").write_text(json.dumps(STORED))
    workspace.dataset_outputs.mkdir(exist_ok=True)
    (workspace.dataset_outputs / "manifest.csv").write_text("path\n")
    return workspace


def _evaluation(content: dict[str, Any]) -> Callable[..., str]:
    """Stand in for `evaluate`: write other metrics, and check that the data of the original can be read."""

    def evaluate(name: str, settings: Settings, *_: object, **__: object) -> str:
        assert (settings.dataset_outputs / "manifest.csv").read_text() == "path\n"
        (settings.outputs / name / "evaluation.json").write_text(json.dumps(content))
        return ""

    return evaluate


def test_equal_metrics_are_reported_as_unchanged(outputs: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diff, "evaluate", _evaluation(STORED))
    assert diff_evaluation("v1", outputs) == "v1: no metric changed (4 metrics compared)."


def test_changed_metrics_are_listed_and_nothing_is_written(outputs: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    accuracy = {"value": 0.925, "low": 0.869, "high": 0.964, "n": 40, "groups": 20}
    fresh = STORED | {"test": STORED["test"] | {"accuracy": accuracy}}
    monkeypatch.setattr(diff, "evaluate", _evaluation(fresh))
    assert diff_evaluation("v1", outputs) == (
        "v1: 1 metric of 4 changed.\n"
        "test accuracy: 90.0% (95% CI 85.0 to 95.0; 40 images, 20 patient groups) -> "
        "92.5% (95% CI 86.9 to 96.4; 40 images, 20 patient groups)"
    )
    assert json.loads((outputs.outputs / "v1" / "evaluation.json").read_text()) == STORED
    assert sorted(path.name for path in outputs.outputs.iterdir()) == ["dataset", "v1"]


def test_run_in_a_subfolder_is_compared(outputs: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = outputs.outputs / "runs" / "v1" / "group-seed2"
    folder.mkdir(parents=True)
    (folder / "evaluation.json").write_text(json.dumps(STORED))
    monkeypatch.setattr(diff, "evaluate", _evaluation(STORED))
    assert "no metric changed" in diff_evaluation("runs/v1/group-seed2", outputs)


def test_missing_metrics_and_plain_numbers_are_described() -> None:
    loss = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 40, "groups": 20}
    text = summarize_differences("v1", STORED, {"test": {"loss": loss}})
    assert "validation accuracy: 95.0% (95% CI 90.0 to 100.0; 20 images, 10 patient groups) -> none" in text
    assert "test loss: 0.25 (95% CI 0.20 to 0.30; 40 images, 20 patient groups) -> 0.50 (95% CI 0.40 to 0.60" in text
    assert text.startswith("v1: 4 metrics of 4 changed.")


def test_model_without_evaluation_is_rejected(workspace: Settings) -> None:
    with pytest.raises(ArtifactError, match=r"v1 has no readable evaluation\.json.*braintumor evaluate v1"):
        diff_evaluation("v1", workspace)
