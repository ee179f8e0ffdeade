"""Smaller variants: the same answers within bounds, measured into the card, and nothing written where they differ."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from braintumor.enums import Split
from braintumor.errors import ArtifactError
from braintumor.evaluation.variants.acceptance import Bounds, measure_variant
from braintumor.evaluation.variants.export import acceptance, export, export_variants
from braintumor.evaluation.variants.runner import make_litert_runner, make_onnx_runner
from braintumor.imaging import to_batch
from braintumor.inference import Detector
from braintumor.results.study import model_fingerprint
from braintumor.settings import Settings
from braintumor.training.data import TrainingData
from tests.helpers.tiny_model import CONTRACT
from tests.helpers.training_data import phantom_data
from tests.helpers.versions.tiny import model_bytes, write_masked_version, write_version
from tests.helpers.versions.trained import write_trained_version


@pytest.fixture(scope="module")
def phantoms() -> TrainingData:
    return phantom_data(CONTRACT, per_class=12)


@pytest.fixture
def at_hand(phantoms: TrainingData, monkeypatch: pytest.MonkeyPatch) -> TrainingData:
    """Phantoms in place of the image set a version was trained on."""
    monkeypatch.setattr(export, "load_evaluation_data", lambda name, settings: phantoms)
    return phantoms


def _card(folder: Path) -> dict:
    return json.loads((folder / "card.json").read_text(encoding="utf-8"))


def _refuse_nothing(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    monkeypatch.setitem(acceptance.BOUNDS, file, Bounds(1.0, 1.0, 1.0))


def test_whole_numbers_answer_as_the_served_graph_and_the_card_says_how_closely(
    workspace: Settings, at_hand: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    _refuse_nothing(monkeypatch, "model.int8.onnx")  # a dozen drawings are too few to hold a tiny network to bounds
    folder = write_masked_version(workspace.outputs)
    before = _card(folder)
    (said,) = export_variants("v4", workspace, int8=True, replicates=20)
    card, content = _card(folder), (folder / "model.int8.onnx").read_bytes()
    entry = card["variants"]["model.int8.onnx"]
    assert entry["sha256"] == card["files"]["model.int8.onnx"] == hashlib.sha256(content).hexdigest()
    assert entry["bytes"] == len(content)
    assert entry["model"] == model_fingerprint(before) == model_fingerprint(card)
    assert entry["agreement"]["median_difference"] <= entry["agreement"]["largest_difference"] <= 1
    assert entry["agreement"]["median_difference"] < 0.1
    assert entry["agreement"]["n"] == len(at_hand.split_rows(Split.TEST))
    for name in ("accuracy", "tumor_sensitivity", "tumor_specificity", "lost/accuracy"):
        assert entry["test"][name]["low"] <= entry["test"][name]["value"] <= entry["test"][name]["high"]
    assert entry["test"]["tumor_sensitivity"]["n"] + entry["test"]["tumor_specificity"]["n"] == entry["agreement"]["n"]
    assert f"{entry['test']['accuracy']['value']:.1%}" in said
    types = {item.name: item.type for item in onnxruntime.InferenceSession(content).get_outputs()}
    assert set(types) == {"logits", "mask"}  # what the answer is made of, and no map


def test_nothing_else_in_the_card_changes(
    workspace: Settings, at_hand: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    _refuse_nothing(monkeypatch, "model.int8.onnx")
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


def test_a_variant_beyond_its_bounds_is_not_written_and_the_number_is_said(
    workspace: Settings, at_hand: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_version(workspace.outputs)
    monkeypatch.setattr(
        "braintumor.evaluation.variants.int8.quantize", lambda content, wanted, images: _reversed(content)
    )
    with pytest.raises(ArtifactError, match=r"not written: on \d+ test scans the median .* is 0\.\d+, more than 0.02"):
        list(export_variants("v1", workspace, int8=True, replicates=2))
    assert not (folder / "model.int8.onnx").exists()
    assert "variants" not in _card(folder)


def _reversed(content: bytes) -> bytes:
    """The graph with its bias turned round: another model that runs as well."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load_from_string(content)
    for tensor in model.graph.initializer:
        if tensor.name == "bias":
            tensor.CopyFrom(numpy_helper.from_array(-8 * numpy_helper.to_array(tensor), "bias"))
    return model.SerializeToString()


def test_what_is_lost_is_measured_against_the_served_graph_scan_by_scan(
    workspace: Settings, phantoms: TrainingData
) -> None:
    write_version(workspace.outputs)
    detector = Detector.load("v1", workspace)
    same = measure_variant(detector, make_onnx_runner(model_bytes(), ["logits"]), phantoms, replicates=5)
    assert same["agreement"]["largest_difference"] == 0
    assert same["test"]["lost/accuracy"]["value"] == same["test"]["lost/accuracy"]["high"] == 0
    other = measure_variant(detector, make_onnx_runner(_reversed(model_bytes()), ["logits"]), phantoms, replicates=5)
    rows = phantoms.split_rows(Split.TEST)
    right = [
        (make_onnx_runner(content, ["logits"])(to_batch(phantoms.model_inputs[rows], CONTRACT))["logits"].argmax(1)
         == phantoms.labels[rows]).mean()
        for content in (model_bytes(), _reversed(model_bytes()))
    ]  # fmt: skip
    assert other["test"]["accuracy"]["value"] == pytest.approx(right[1], abs=1e-6)
    assert other["test"]["lost/accuracy"]["value"] == pytest.approx(right[0] - right[1], abs=1e-6)


def test_of_a_version_that_tells_no_kinds_only_tumour_or_none_is_judged(
    workspace: Settings, phantoms: TrainingData
) -> None:
    write_version(workspace.outputs, task="tumor", decision={"threshold": 0.0})
    found = measure_variant(
        Detector.load("v1", workspace), make_onnx_runner(model_bytes(), ["logits"]), phantoms, replicates=2
    )
    assert found["test"]["tumor_sensitivity"]["value"] == 1
    assert found["test"]["tumor_specificity"]["value"] == 0
    assert found["test"]["accuracy"]["value"] == pytest.approx(0.75)


@pytest.mark.parametrize(("asked", "changes", "said"), [
    ({"int8": True}, {"parameters": 10_000_001}, "10,000,001 parameters, more than the 10,000,000"),
    ({"litert": True}, {}, r"keeps no model\.keras here.*braintumor train v1"),
])  # fmt: skip
def test_what_cannot_be_made_is_said_at_once(
    workspace: Settings, asked: dict, changes: dict, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_version(workspace.outputs, **changes)
    monkeypatch.setattr(export, "load_evaluation_data", lambda *given: pytest.fail("frames were read first"))
    with pytest.raises(ArtifactError, match=said):
        list(export_variants("v1", workspace, **asked))


def test_litert_answers_as_the_served_graph(workspace: Settings, at_hand: TrainingData) -> None:
    folder = write_trained_version(workspace.outputs)
    (said,) = export_variants("v1", workspace, litert=True, replicates=2)
    entry = _card(folder)["variants"]["model.tflite"]
    assert entry["agreement"]["largest_difference"] < 1e-5
    assert "model.tflite" in said
    content = (folder / "model.tflite").read_bytes()
    assert entry["sha256"] == hashlib.sha256(content).hexdigest()
    batch = to_batch(at_hand.model_inputs[:3], CONTRACT)
    served = make_onnx_runner((folder / "model.onnx").read_bytes(), ["logits"])(batch)["logits"]
    assert np.allclose(make_litert_runner(content)(batch)["logits"], served, atol=1e-4)


def test_one_variant_leaves_the_other_in_the_card(
    workspace: Settings, at_hand: TrainingData, monkeypatch: pytest.MonkeyPatch
) -> None:
    _refuse_nothing(monkeypatch, "model.int8.onnx")  # a network that learnt nothing hangs in the balance everywhere
    folder = write_trained_version(workspace.outputs)
    assert len(list(export_variants("v1", workspace, litert=True, int8=True, replicates=2))) == 2
    card = _card(folder)
    assert set(card["variants"]) == {"model.tflite", "model.int8.onnx"} < set(card["files"])
    assert card["variants"]["model.int8.onnx"]["bytes"] < (folder / "model.onnx").stat().st_size
