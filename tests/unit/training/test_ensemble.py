"""Ensembles: built from trained models, evaluated like any model, and rejected if the members do not match."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from braintumor.enums import Protocol
from braintumor.errors import ArtifactError, RecipeError
from braintumor.evaluation import evaluate as evaluation
from braintumor.evaluation.evaluate import evaluate
from braintumor.evaluation.stress_test.context import StressTestContext
from braintumor.evaluation.stress_test.latency import measure_latency
from braintumor.inference import Detector
from braintumor.inference.model_card import read_card, update_card
from braintumor.inference.study import StudyRule
from braintumor.models.recipe import InputRecipe, Recipe, load_recipe
from braintumor.results.version import read_version_report
from braintumor.settings import Settings
from braintumor.training.card_draft import write_initial_card
from braintumor.training.ensemble import build_ensemble
from braintumor.training.export import export_model
from braintumor.training.inputs.data import load_training_data
from tests.helpers.phantom_sets import write_split_phantoms
from tests.helpers.tiny_model import CONTRACT, build, fit

COMMANDS = {"one": "braintumor train one", "other": "braintumor train other"}
RECIPE = Recipe(
    title="Two", architecture="ensemble", seed=1, members=("one", "other"),
    input=InputRecipe(height=160, width=160, channels=1),
)  # fmt: skip


@pytest.fixture(scope="module")
def ensemble_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with phantoms, two members, and their evaluated ensemble."""
    folder = tmp_path_factory.mktemp("ensemble")
    settings = Settings(inputs=folder / "inputs", outputs=folder / "outputs", workers=1)
    write_split_phantoms(settings, 12, 7)
    data = load_training_data(CONTRACT, settings=settings)
    for name, content in (("one", build(*fit(16, 1000))), ("other", build(*fit(16, 4000), masked=True))):
        (settings.outputs / name).mkdir()
        (settings.outputs / name / "model.onnx").write_bytes(content)
        write_initial_card(
            name, load_recipe("v1"), Protocol.GROUP, data, settings, has_mask=False, parameters=580,
            training={"seconds": 2.0},
        )  # fmt: skip
        update_card(name, settings)
    build_ensemble("ensemble", COMMANDS, RECIPE, Protocol.GROUP, settings)
    evaluate("ensemble", settings, replicates=20)
    return settings


@pytest.fixture
def copied_settings(ensemble_settings: Settings, tmp_path: Path) -> Settings:
    """The same settings with a copy of the outputs that a test may change."""
    shutil.copytree(ensemble_settings.outputs, tmp_path / "outputs")
    return ensemble_settings.model_copy(update={"outputs": tmp_path / "outputs"})


def test_card_has_members_weights_and_hashes(ensemble_settings: Settings) -> None:
    card = read_card("ensemble", ensemble_settings)
    assert [member.version for member in card.members] == ["one", "other"]
    assert sum(member.weight for member in card.members) == pytest.approx(1.0)
    for member in card.members:
        assert member.sha256 == read_card(member.version, ensemble_settings).files["model.onnx"]
    assert card.parameters == 2 * 580
    assert card.ensemble is not None
    losses = card.ensemble.validation_loss
    assert losses["weighted"] <= losses["equal"] + 1e-9


def test_ensemble_is_calibrated_evaluated_and_served(ensemble_settings: Settings) -> None:
    assert read_card("ensemble", ensemble_settings).conformal.level == 0.95
    report = read_version_report("ensemble", ensemble_settings)
    accuracy = report.metric("test", "accuracy")
    assert accuracy is not None
    assert accuracy.value > 0.6
    image = next((ensemble_settings.dataset / "Testing").rglob("*.jpg"))
    detection = Detector.load("ensemble", ensemble_settings).detect(image)
    assert sum(detection.probabilities.values()) == pytest.approx(1.0)
    assert detection.heat_map is not None
    assert detection.mask is not None
    assert detection.ood_score is not None


def test_report_misses_only_the_history(ensemble_settings: Settings) -> None:
    assert read_version_report("ensemble", ensemble_settings).missing_files == ("history.csv",)


def test_logits_are_the_weighted_average_of_the_members(ensemble_settings: Settings) -> None:
    """Without resizing, the ensemble equals averaging by hand."""
    recipe = RECIPE.model_copy(
        update={"input": InputRecipe(height=150, width=150, channels=3), "weight_members": False}
    )
    build_ensemble("alike", COMMANDS, recipe, Protocol.GROUP, ensemble_settings)
    model_inputs = load_training_data(CONTRACT, settings=ensemble_settings).model_inputs[:8]
    members = read_card("alike", ensemble_settings).members
    logits = [Detector.load(m.version, ensemble_settings).infer(model_inputs).logits for m in members]
    weights = [np.float32(0.5 / m.temperature) for m in members]
    expected = logits[0] * weights[0] + logits[1] * weights[1]
    assert np.array_equal(Detector.load("alike", ensemble_settings).infer(model_inputs).logits, expected)


def test_latency_is_measured_with_and_without_additional_outputs(ensemble_settings: Settings) -> None:
    metrics = measure_latency(StressTestContext("ensemble", ensemble_settings, replicates=20), scans=3).metrics
    assert {"ms@way:whole", "ms@way:bare", "ratio@way:bare"} <= metrics.keys()


def test_export_has_nothing_to_do(ensemble_settings: Settings) -> None:
    assert "nothing to export" in export_model("ensemble", ensemble_settings)


def test_retrained_member_is_detected(copied_settings: Settings) -> None:
    (copied_settings.outputs / "other" / "model.onnx").write_bytes(build(*fit(16, 9000)))
    with pytest.raises(ArtifactError, match="other is not the model that this ensemble was built from"):
        export_model("ensemble", copied_settings)


def test_rebuilding_removes_earlier_results(copied_settings: Settings) -> None:
    folder = copied_settings.outputs / "ensemble"
    for name in ("model.onnx", "saliency.onnx", "model.int8.onnx"):
        (folder / name).write_bytes(b"earlier")
    build_ensemble("ensemble", COMMANDS, RECIPE, Protocol.GROUP, copied_settings)
    assert {path.name for path in folder.iterdir()} == {"card.json"}
    assert not read_version_report("ensemble", copied_settings).evaluation
    assert not {"model.onnx", "saliency.onnx"} & read_card("ensemble", copied_settings).files.keys()


def test_ensemble_of_ensembles_is_rejected(copied_settings: Settings) -> None:
    shutil.copytree(copied_settings.outputs / "ensemble", copied_settings.outputs / "two")
    with pytest.raises(RecipeError, match="two is itself an ensemble"):
        build_ensemble("ensemble", COMMANDS | {"two": "braintumor train two"}, RECIPE, Protocol.GROUP, copied_settings)


def test_missing_member_is_named_with_its_command(copied_settings: Settings) -> None:
    (copied_settings.outputs / "one" / "model.onnx").unlink()
    with pytest.raises(RecipeError, match="Train it first: braintumor train one"):
        build_ensemble("ensemble", COMMANDS, RECIPE, Protocol.GROUP, copied_settings)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"task": "tumor", "decision": {"threshold": 0.5}}, "does not predict the tumour type"),
        ({"input": CONTRACT.to_dict() | {"fit": "stretch"}}, "crops or fits scans differently"),
        ({"input": CONTRACT.to_dict() | {"height": 200}}, "another aspect ratio"),
        ({"data": {"fingerprint": "0" * 64}}, "another split"),
    ],
)
def test_incompatible_member_is_rejected(change: dict[str, object], reason: str, copied_settings: Settings) -> None:
    path = copied_settings.outputs / "one" / "card.json"
    path.write_text(json.dumps(read_card("one", copied_settings).to_dict() | change))
    with pytest.raises(RecipeError, match=reason):
        build_ensemble("ensemble", COMMANDS, RECIPE, Protocol.GROUP, copied_settings)


def test_held_out_sources_are_scored_with_the_new_study_rule(
    copied_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule, used = StudyRule(rule_out=0.1).to_dict(), []
    monkeypatch.setattr(evaluation, "calibrate_study", lambda name, *_: update_card(name, copied_settings, study=rule))
    monkeypatch.setattr(
        evaluation, "write_leave_one_source_out", lambda _, detector, *__: used.append(detector.artifact.card)
    )
    evaluate("one", copied_settings, replicates=20)
    assert [card.fingerprint for card in used] == [read_card("one", copied_settings).fingerprint]
    assert used[0].study == StudyRule(rule_out=0.1)
