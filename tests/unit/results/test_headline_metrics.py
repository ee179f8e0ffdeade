"""Headline metrics are those of `evaluation.json`, if its hash is the one in the card."""

import hashlib
import json

import pytest

from braintumor.inference import load_artifact
from braintumor.results.headline_metrics import headline_metrics
from tests.helpers.versions.tiny import model_bytes, write_version

ENTRY = {"value": 0.971, "low": 0.9544, "high": 0.9868, "n": 1000, "groups": 68}
EVALUATION = {
    "test": {"tumor_sensitivity": ENTRY, "tumor_specificity": {"value": 0.5}, "accuracy": {"value": float("nan")}},
    "external": {"tumor_sensitivity": ENTRY | {"value": 0.8}},
}


def write(workspace, evaluation: str, *, listed: bool = True):
    content = evaluation.encode()
    files = {"model.onnx": hashlib.sha256(model_bytes()).hexdigest()}
    if listed:
        files["evaluation.json"] = hashlib.sha256(content).hexdigest()
    folder = write_version(workspace.outputs, files=files)
    (folder / "evaluation.json").write_bytes(content)
    return load_artifact("v1", workspace)


def test_metrics_have_interval_and_sample_size(workspace):
    sensitivity, specificity, external = headline_metrics(write(workspace, json.dumps(EVALUATION)))
    assert sensitivity.metric.percent() == "97.1% (95.4 to 98.7)"
    assert sensitivity.metric.sample_size() == "1,000 images, 68 patient groups"
    assert (specificity.metric.percent(), specificity.metric.sample_size()) == ("50.0%", "")
    assert [m.on_first_page for m in (sensitivity, specificity, external)] == [True, True, False]
    assert external.dataset == "the external set"


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '{"test": []}', '{"test": {"tumor_sensitivity": 1}}'])
def test_damaged_evaluation_has_no_metrics(workspace, content):
    assert headline_metrics(write(workspace, content)) == ()


def test_evaluation_with_another_hash_than_in_the_card_is_ignored(workspace):
    assert headline_metrics(write(workspace, json.dumps(EVALUATION), listed=False)) == ()
    artifact = write(workspace, json.dumps(EVALUATION))
    artifact.path("evaluation.json").write_text(json.dumps(EVALUATION | {"external": {}}), encoding="utf-8")
    assert headline_metrics(artifact) == ()
