"""Registry: versions are listed and loaded; altered, truncated and missing files are reported with what to do."""

import hashlib
import json

import pytest

from braintumor.errors import ArtifactError
from braintumor.inference import Detector, list_models, load_artifact
from tests.helpers.versions.tiny import write_version


def test_models_are_the_folders_with_a_card_and_a_model(workspace):
    write_version(workspace.outputs, "v2")
    write_version(workspace.outputs, "v1")
    (write_version(workspace.outputs, "runs/v1/random-seed1") / "model.onnx").unlink()
    (workspace.outputs / "dataset").mkdir()
    assert list_models(workspace) == ["v1", "v2"]


def test_missing_version_is_reported_with_the_available_ones(workspace):
    write_version(workspace.outputs, "v1")
    with pytest.raises(ArtifactError, match=r"no model 'v9' \(available: v1\).*braintumor train v9"):
        load_artifact("v9", workspace)


@pytest.mark.parametrize("version", ["../elsewhere", "v1/../../elsewhere", "..", ""])
def test_version_name_cannot_leave_the_outputs_folder(workspace, version):
    write_version(workspace.outputs, "v1")
    write_version(workspace.outputs.parent, "elsewhere")
    with pytest.raises(ArtifactError, match="no model"):
        load_artifact(version, workspace)


def test_card_that_is_not_json_is_refused(workspace):
    (write_version(workspace.outputs) / "card.json").write_text("{", encoding="utf-8")
    with pytest.raises(ArtifactError, match=r"card\.json cannot be read"):
        load_artifact("v1", workspace)


@pytest.mark.parametrize("field", ["classes", "input", "temperature", "thresholds", "conformal", "files"])
def test_card_without_a_required_field_is_refused(workspace, field):
    folder = write_version(workspace.outputs)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    del card[field]
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ArtifactError, match=f"card.json is not valid.*{field}"):
        load_artifact("v1", workspace)


@pytest.mark.parametrize(
    "changes",
    [
        {"thresholds": {"rule_out": 0.9, "rule_in": 0.1}},
        {"temperature": "warm"},
        {"temperature": 0},
        {"input": {"height": 9}},
        {"map_extent": [5, 5, 5, 9]},
        {"map_extent": [1, 2]},
    ],
)
def test_card_with_an_invalid_value_is_refused(workspace, changes):
    write_version(workspace.outputs, **changes)
    with pytest.raises(ArtifactError, match="braintumor evaluate v1"):
        load_artifact("v1", workspace)


def test_card_with_other_classes_is_refused(workspace):
    write_version(workspace.outputs, classes=["notumor", "glioma", "meningioma", "pituitary"])
    with pytest.raises(ArtifactError, match=r"classes: .*braintumor train v1"):
        load_artifact("v1", workspace)


def test_altered_model_is_refused(workspace):
    path = write_version(workspace.outputs) / "model.onnx"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ArtifactError, match="its hash differs"):
        Detector.load("v1", workspace)


def test_missing_model_is_reported(workspace):
    (write_version(workspace.outputs) / "model.onnx").unlink()
    with pytest.raises(ArtifactError, match=r"model\.onnx is missing"):
        Detector.load("v1", workspace)


def test_model_that_the_card_does_not_list_is_refused(workspace):
    write_version(workspace.outputs, files={})
    with pytest.raises(ArtifactError, match=r"does not list model\.onnx"):
        Detector.load("v1", workspace)


def test_model_that_onnx_runtime_cannot_load_is_refused(workspace):
    junk = b"no model at all"
    folder = write_version(workspace.outputs, files={"model.onnx": hashlib.sha256(junk).hexdigest()})
    (folder / "model.onnx").write_bytes(junk)
    with pytest.raises(ArtifactError, match="cannot be loaded by ONNX Runtime"):
        Detector.load("v1", workspace)


def test_model_with_another_input_shape_than_its_card_is_refused(workspace):
    write_version(workspace.outputs, input={"height": 64, "width": 64})
    with pytest.raises(ArtifactError, match="does not fit its card"):
        Detector.load("v1", workspace)
