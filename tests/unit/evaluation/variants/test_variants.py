"""Variants agree with the served model within bounds; otherwise they are not written."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from braintumor.enums import Split
from braintumor.errors import ArtifactError
from braintumor.evaluation.variants import acceptance, export
from braintumor.evaluation.variants.acceptance import Bounds, measure_variant
from braintumor.evaluation.variants.export import export_variants
from braintumor.evaluation.variants.runner import make_litert_runner, make_onnx_runner
from braintumor.imaging import to_batch
from braintumor.inference import Detector
from braintumor.inference.model_card import ModelCard
from braintumor.settings import Settings
from braintumor.training.inputs.data import TrainingData
from tests.helpers.tiny_model import CONTRACT
from tests.helpers.training_data import phantom_data
from tests.helpers.versions.tiny import model_bytes, write_masked_version, write_version
from tests.helpers.versions.trained import write_trained_version


@pytest.fixture(scope="module")
def phantoms() -> TrainingData:
    return phantom_data(CONTRACT, per_class=12)


@pytest.fixture
def evaluation_data(phantoms: TrainingData, monkeypatch: pytest.MonkeyPatch) -> TrainingData:
    """Replace the training dataset by phantoms."""
    monkeypatch.setattr(export, "load_evaluation_data", lambda name, settings: phantoms)
    return phantoms


def _card(folder: Path) -> dict:
    return json.loads((folder / "card.json").read_text(encoding="utf-8"))


def _accept_everything(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    monkeypatch.setitem(acceptance.BOUNDS, file, Bounds(1.0, 1.0, 1.0))


def test_int8_variant_and_its_agreement_are_written_to_the_card(
    workspace: Settings, evaluation_data: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    _accept_everything(monkeypatch, "model.int8.onnx")  # a dozen phantoms are too few for meaningful bounds
    folder = write_masked_version(workspace.outputs)
    before = _card(folder)
    (message,) = export_variants("v4", workspace, int8=True, replicates=20)
    card, content = _card(folder), (folder / "model.int8.onnx").read_bytes()
    entry = card["variants"]["model.int8.onnx"]
    assert entry["sha256"] == card["files"]["model.int8.onnx"] == hashlib.sha256(content).hexdigest()
    assert entry["bytes"] == len(content)
    assert entry["model"] == ModelCard.model_validate(before).fingerprint == ModelCard.model_validate(card).fingerprint
    assert entry["agreement"]["median_difference"] <= entry["agreement"]["largest_difference"] <= 1
    assert entry["agreement"]["median_difference"] < 0.1
    assert entry["agreement"]["n"] == len(evaluation_data.split_rows(Split.TEST))
    for name in ("accuracy", "tumor_sensitivity", "tumor_specificity", "lost/accuracy"):
        assert entry["test"][name]["low"] <= entry["test"][name]["value"] <= entry["test"][name]["high"]
    assert entry["test"]["tumor_sensitivity"]["n"] + entry["test"]["tumor_specificity"]["n"] == entry["agreement"]["n"]
    assert f"{entry['test']['accuracy']['value']:.1%}" in message
    types = {item.name: item.type for item in onnxruntime.InferenceSession(content).get_outputs()}
    assert set(types) == {"logits", "mask"}  # without the heat map


def test_other_card_sections_do_not_change(
    workspace: Settings, evaluation_data: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    _accept_everything(monkeypatch, "model.int8.onnx")
    folder = write_masked_version(workspace.outputs)
    before, model = _card(folder), (folder / "model.onnx").read_bytes()
    list(export_variants("v4", workspace, int8=True, replicates=2))
    after = _card(folder)
    assert (folder / "model.onnx").read_bytes() == model
    assert after["files"] == before["files"] | {"model.int8.onnx": after["files"]["model.int8.onnx"]}
    assert {k: v for k, v in after.items() if k not in ("files", "variants")} == {
        k: v for k, v in before.items() if k != "files"
    }
    Detector.load("v4", workspace)


def test_variant_beyond_its_bounds_is_rejected_with_the_value(
    workspace: Settings, evaluation_data: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_version(workspace.outputs)
    monkeypatch.setattr(
        "braintumor.evaluation.variants.int8.quantize", lambda content, wanted, images: _reversed(content)
    )
    with pytest.raises(
        ArtifactError, match=r"not written, because on \d+ test scans the median .* is 0\.\d+, more than 0.02"
    ):
        list(export_variants("v1", workspace, int8=True, replicates=2))
    assert not (folder / "model.int8.onnx").exists()
    assert "variants" not in _card(folder)


def _reversed(content: bytes) -> bytes:
    """Return the graph with a negated bias, which is a different but valid model."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load_from_string(content)
    for tensor in model.graph.initializer:
        if tensor.name == "bias":
            tensor.CopyFrom(numpy_helper.from_array(-8 * numpy_helper.to_array(tensor), "bias"))
    return model.SerializeToString()


def test_loss_is_relative_to_the_served_model(workspace: Settings, phantoms: TrainingData) -> None:
    write_version(workspace.outputs)
    detector = Detector.load("v1", workspace)
    same = measure_variant(detector, make_onnx_runner(model_bytes(), ["logits"]), phantoms, replicates=5)
    assert same["agreement"]["largest_difference"] == 0
    assert same["test"]["lost/accuracy"]["value"] == same["test"]["lost/accuracy"]["high"] == 0
    other = measure_variant(detector, make_onnx_runner(_reversed(model_bytes()), ["logits"]), phantoms, replicates=5)
    rows = phantoms.split_rows(Split.TEST)
    accuracies = [
        (make_onnx_runner(content, ["logits"])(to_batch(phantoms.model_inputs[rows], CONTRACT))["logits"].argmax(1)
         == phantoms.labels[rows]).mean()
        for content in (model_bytes(), _reversed(model_bytes()))
    ]  # fmt: skip
    assert other["test"]["accuracy"]["value"] == pytest.approx(accuracies[1], abs=1e-6)
    assert other["test"]["lost/accuracy"]["value"] == pytest.approx(accuracies[0] - accuracies[1], abs=1e-6)


def test_binary_model_is_scored_on_tumor_or_none(workspace: Settings, phantoms: TrainingData) -> None:
    write_version(workspace.outputs, task="tumor", decision={"threshold": 0.0})
    result = measure_variant(
        Detector.load("v1", workspace), make_onnx_runner(model_bytes(), ["logits"]), phantoms, replicates=2
    )
    assert result["test"]["tumor_sensitivity"]["value"] == 1
    assert result["test"]["tumor_specificity"]["value"] == 0
    assert result["test"]["accuracy"]["value"] == pytest.approx(0.75)


@pytest.mark.parametrize(("options", "changes", "message"), [
    ({"int8": True}, {"parameters": 10_000_001}, "10,000,001 parameters; variants are limited to 10,000,000"),
    ({"litert": True}, {}, r"needs model\.keras, which is missing.*braintumor train v1"),
])  # fmt: skip
def test_impossible_export_fails_before_data_is_loaded(
    workspace: Settings, options: dict, changes: dict, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_version(workspace.outputs, **changes)
    monkeypatch.setattr(export, "load_evaluation_data", lambda *arguments: pytest.fail("images were loaded first"))
    with pytest.raises(ArtifactError, match=message):
        list(export_variants("v1", workspace, **options))


def test_litert_variant_agrees_with_the_served_model(workspace: Settings, evaluation_data: TrainingData) -> None:
    folder = write_trained_version(workspace.outputs)
    (message,) = export_variants("v1", workspace, litert=True, replicates=2)
    entry = _card(folder)["variants"]["model.tflite"]
    assert entry["agreement"]["largest_difference"] < 1e-5
    assert "model.tflite" in message
    content = (folder / "model.tflite").read_bytes()
    assert entry["sha256"] == hashlib.sha256(content).hexdigest()
    batch = to_batch(evaluation_data.model_inputs[:3], CONTRACT)
    served = make_onnx_runner((folder / "model.onnx").read_bytes(), ["logits"])(batch)["logits"]
    assert np.allclose(make_litert_runner(content)(batch)["logits"], served, atol=1e-4)


def test_both_variants_are_listed_in_the_card(
    workspace: Settings, evaluation_data: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    _accept_everything(monkeypatch, "model.int8.onnx")  # predictions of an untrained network are all borderline
    folder = write_trained_version(workspace.outputs)
    assert len(list(export_variants("v1", workspace, litert=True, int8=True, replicates=2))) == 2
    card = _card(folder)
    assert set(card["variants"]) == {"model.tflite", "model.int8.onnx"} < set(card["files"])
    assert card["variants"]["model.int8.onnx"]["bytes"] < (folder / "model.onnx").stat().st_size
