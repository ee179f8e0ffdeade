"""An ensemble is built from trained versions, measured like any version, and refused where it would mislead."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from braintumor.enums import Protocol
from braintumor.errors import ArtifactError, RecipeError
from braintumor.evaluation.evaluate import evaluate
from braintumor.evaluation.stress_test.context import StressTestContext
from braintumor.evaluation.stress_test.latency import measure_latency
from braintumor.inference import Detector
from braintumor.inference.model_card import read_card, update_card
from braintumor.models.recipe import InputRecipe, Recipe, load_recipe
from braintumor.results.version import read_version_report
from braintumor.settings import Settings
from braintumor.training.card_draft import write_initial_card
from braintumor.training.data import load_training_data
from braintumor.training.ensemble import build_ensemble
from braintumor.training.export import export_model
from tests.helpers.phantom_sets import write_dealt_phantoms
from tests.helpers.tiny_model import CONTRACT, build, fit

RUNS = {"one": "braintumor train one", "other": "braintumor train other"}
RECIPE = Recipe(
    title="Two", architecture="ensemble", seed=1, members=("one", "other"),
    input=InputRecipe(height=160, width=160, channels=1),
)  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Phantoms, two members, and the ensemble of them, measured."""
    folder = tmp_path_factory.mktemp("ensemble")
    settings = Settings(inputs=folder / "inputs", outputs=folder / "outputs", workers=1)
    write_dealt_phantoms(settings, 12, 7)
    data = load_training_data(CONTRACT, settings=settings)
    for name, content in (("one", build(*fit(16, 1000))), ("other", build(*fit(16, 4000), masked=True))):
        (settings.outputs / name).mkdir()
        (settings.outputs / name / "model.onnx").write_bytes(content)
        write_initial_card(
            name, load_recipe("v1"), Protocol.GROUP, data, settings, has_mask=False, parameters=580,
            training={"seconds": 2.0},
        )  # fmt: skip
        update_card(name, settings)
    build_ensemble("ensemble", RUNS, RECIPE, Protocol.GROUP, settings)
    evaluate("ensemble", settings, replicates=20)
    return settings


@pytest.fixture
def own(place: Settings, tmp_path: Path) -> Settings:
    """The same with outputs that a test may spoil."""
    shutil.copytree(place.outputs, tmp_path / "outputs")
    return place.model_copy(update={"outputs": tmp_path / "outputs"})


def test_its_card_names_members_weights_and_hashes(place: Settings) -> None:
    card = read_card("ensemble", place)
    assert [member.version for member in card.members] == ["one", "other"]
    assert sum(member.weight for member in card.members) == pytest.approx(1.0)
    for member in card.members:
        assert member.sha256 == read_card(member.version, place).files["model.onnx"]
    assert card.parameters == 2 * 580
    assert card.ensemble is not None
    losses = card.ensemble.validation_loss
    assert losses["weighted"] <= losses["equal"] + 1e-9


def test_it_is_calibrated_measured_and_served_as_any_version(place: Settings) -> None:
    assert read_card("ensemble", place).conformal.level == 0.95
    report = read_version_report("ensemble", place)
    accuracy = report.metric("test", "accuracy")
    assert accuracy is not None
    assert accuracy.value > 0.6
    image = next((place.dataset / "Testing").rglob("*.jpg"))
    found = Detector.load("ensemble", place).detect(image)
    assert sum(found.probabilities.values()) == pytest.approx(1.0)
    assert found.heat_map is not None
    assert found.mask is not None
    assert found.ood_score is not None


def test_without_a_history_the_report_has_a_gap_and_no_more(place: Settings) -> None:
    assert read_version_report("ensemble", place).missing_files == ("history.csv",)


def test_its_answer_is_the_average_of_its_members_answers(place: Settings) -> None:
    """On frames as they are: an ensemble of the members' own size gives what averaging by hand does."""
    recipe = RECIPE.model_copy(update={"input": InputRecipe(height=150, width=150, channels=3), "weighted": False})
    build_ensemble("alike", RUNS, recipe, Protocol.GROUP, place)
    frames = load_training_data(CONTRACT, settings=place).model_inputs[:8]
    members = read_card("alike", place).members
    said = [Detector.load(m.version, place).infer(frames).logits for m in members]
    shares = [np.float32(0.5 / m.temperature) for m in members]
    expected = said[0] * shares[0] + said[1] * shares[1]
    assert np.array_equal(Detector.load("alike", place).infer(frames).logits, expected)


def test_its_latency_is_measured_with_all_outputs_and_with_classification_alone(place: Settings) -> None:
    metrics = measure_latency(StressTestContext("ensemble", place, replicates=20), scans=3).metrics
    assert {"ms@way:whole", "ms@way:bare", "ratio@way:bare"} <= metrics.keys()


def test_there_is_nothing_to_export(place: Settings) -> None:
    assert "nothing to export" in export_model("ensemble", place)


def test_a_member_trained_anew_is_noticed(own: Settings) -> None:
    (own.outputs / "other" / "model.onnx").write_bytes(build(*fit(16, 9000)))
    with pytest.raises(ArtifactError, match="other is not the model that this ensemble was built from"):
        export_model("ensemble", own)


def test_built_anew_it_has_nothing_of_what_was_measured_before(own: Settings) -> None:
    folder = own.outputs / "ensemble"
    for name in ("model.onnx", "saliency.onnx", "model.int8.onnx"):
        (folder / name).write_bytes(b"of the earlier one")
    build_ensemble("ensemble", RUNS, RECIPE, Protocol.GROUP, own)
    assert {path.name for path in folder.iterdir()} == {"card.json"}
    assert not read_version_report("ensemble", own).evaluation
    assert not {"model.onnx", "saliency.onnx"} & read_card("ensemble", own).files.keys()


def test_an_ensemble_of_ensembles_is_refused(own: Settings) -> None:
    shutil.copytree(own.outputs / "ensemble", own.outputs / "two")
    with pytest.raises(RecipeError, match="two is itself an ensemble"):
        build_ensemble("ensemble", RUNS | {"two": "braintumor train two"}, RECIPE, Protocol.GROUP, own)


def test_a_member_that_is_not_at_hand_is_named_with_its_command(own: Settings) -> None:
    (own.outputs / "one" / "model.onnx").unlink()
    with pytest.raises(RecipeError, match="Train it first: braintumor train one"):
        build_ensemble("ensemble", RUNS, RECIPE, Protocol.GROUP, own)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"task": "tumor", "decision": {"threshold": 0.5}}, "tells tumour from none"),
        ({"input": CONTRACT.to_dict() | {"fit": "stretch"}}, "crops or fits"),
        ({"input": CONTRACT.to_dict() | {"height": 200}}, "another shape"),
        ({"data": {"fingerprint": "0" * 64}}, "another split"),
    ],
)
def test_members_that_cannot_be_averaged_are_refused(change: dict[str, object], reason: str, own: Settings) -> None:
    path = own.outputs / "one" / "card.json"
    path.write_text(json.dumps(read_card("one", own).to_dict() | change))
    with pytest.raises(RecipeError, match=reason):
        build_ensemble("ensemble", RUNS, RECIPE, Protocol.GROUP, own)
