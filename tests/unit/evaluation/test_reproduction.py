"""Reproduction: what matches is said to match, and whatever was changed is named, with the tolerance it broke."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from braintumor.cli import main
from braintumor.enums import Protocol
from braintumor.errors import ArtifactError, RecipeError
from braintumor.evaluation.reproduce import RunSpec, dependencies, find_run_spec
from braintumor.evaluation.reproduction import (
    DEFAULT_TOLERANCE,
    MIN_TOLERANCE,
    REPRODUCED_METRICS,
    REPRODUCIBILITY_FACTOR,
    Reproduction,
    compare_reproduction,
    metric_tolerance,
)
from braintumor.inference.model_card import read_card
from braintumor.inference.runs import Run
from braintumor.models.recipe import load_recipe
from braintumor.settings import Settings
from tests.helpers.cards import MINIMAL_CARD

VALUES = {"accuracy": 0.91, "macro_f1": 0.9, "tumor_sensitivity": 0.97, "tumor_specificity": 0.93, "roc_auc": 0.99}
COLUMNS = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss", "learning_rate", "seconds")


def _write(outputs: Path, root: Path, name: str = "v1", *, card: dict[str, Any] | None = None, epochs: int = 22,
           **values: float) -> Path:  # fmt: skip
    """A version as far as it is compared, and the manifest beside it."""
    folder = outputs / name
    folder.mkdir(parents=True)
    (outputs / "dataset").mkdir(exist_ok=True)
    (outputs / "dataset" / "manifest.csv").write_text("path,label\na.jpg,glioma\n")
    entries = {metric: {"value": value} for metric, value in (VALUES | values).items()}
    (folder / "evaluation.json").write_text(json.dumps({"test": entries}))
    (folder / "model.onnx").write_bytes(b"weights")
    with (folder / "history.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *[[n + 1, *[0.5] * 6] for n in range(epochs)]])
    recipe = load_recipe("v1", Settings(recipes=root / "recipes")).model_dump(mode="json")
    known = {
        "version": name, "seed": 1, "protocol": "group", "parameters": 495_972, "recipe": recipe,
        "data": {"fingerprint": "f" * 64}, "training": {"seconds": 60.0}, "libraries": {"keras": "3"},
        "files": {file: hashlib.sha256((folder / file).read_bytes()).hexdigest()
                  for file in ("evaluation.json", "model.onnx")},
    }  # fmt: skip
    (folder / "card.json").write_text(json.dumps(MINIMAL_CARD | known | (card or {})))
    return folder


@pytest.fixture
def places(tmp_path: Path, root: Path) -> tuple[Settings, Path]:
    """Settings of the committed outputs, and another outputs folder."""
    _write(tmp_path / "outputs", root)
    return Settings(outputs=tmp_path / "outputs", recipes=root / "recipes"), tmp_path / "again"


def _wrong(found: Reproduction) -> list[str]:
    return [row.name for row in found.rows if row.within_tolerance is False]


def test_the_same_again_is_reproduced_with_identical_weights(places: tuple[Settings, Path], root: Path) -> None:
    _write(places[1], root)
    found = compare_reproduction("v1", *places)
    assert found.matches
    assert found.identical
    assert found.verdict.endswith("with identical weights.")
    judged = [row.name for row in found.rows if row.within_tolerance is not None]
    assert [name for name in judged if name.startswith("test")] == [
        f"test {m}".replace("_", " ") for m in REPRODUCED_METRICS
    ]
    assert {"manifest", "data fingerprint", "recipe", "parameters", "epochs", "files of its card"} <= set(judged)


def test_other_weights_within_the_tolerance_still_reproduce_it(places: tuple[Settings, Path], root: Path) -> None:
    folder = _write(places[1], root, accuracy=VALUES["accuracy"] - DEFAULT_TOLERANCE + 0.001, epochs=25)
    (folder / "model.onnx").write_bytes(b"rounded otherwise")
    found = compare_reproduction("v1", *places)
    assert found.matches
    assert not found.identical
    assert "other weights" in found.verdict


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"accuracy": VALUES["accuracy"] + DEFAULT_TOLERANCE + 0.001}, "test accuracy"),
        ({"roc_auc": VALUES["roc_auc"] - DEFAULT_TOLERANCE - 0.001}, "test roc auc"),
        ({"epochs": 22 - 9}, "epochs"),
        ({"card": {"parameters": 1}}, "parameters"),
        ({"card": {"data": {"fingerprint": "0" * 64}}}, "data fingerprint"),
    ],
)
def test_what_is_out_of_its_tolerance_is_named(
    places: tuple[Settings, Path], root: Path, change: dict[str, Any], what: str
) -> None:
    _write(places[1], root, **change)
    found = compare_reproduction("v1", *places)
    assert _wrong(found) == [what]
    assert f"v1 is NOT reproduced. What does not match: {what} (" in found.verdict
    assert "DIFFERS" in str(found)


def test_another_manifest_is_no_reproduction_and_no_manifest_either(places: tuple[Settings, Path], root: Path) -> None:
    _write(places[1], root)
    manifest = places[1] / "dataset" / "manifest.csv"
    manifest.write_text("path,label\na.jpg,pituitary\n")
    assert _wrong(compare_reproduction("v1", *places)) == ["manifest"]
    manifest.unlink()
    assert _wrong(compare_reproduction("v1", *places)) == ["manifest"]


def test_a_committed_number_that_was_changed_by_hand_is_found(
    places: tuple[Settings, Path], root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(places[1], root)
    file = places[0].outputs / "v1" / "evaluation.json"
    file.write_text(file.read_text().replace("0.91", "0.99"))
    monkeypatch.setenv("BRAINTUMOR_OUTPUTS", str(places[0].outputs))
    assert main(["reproduce", "v1", "--check-only", str(places[1])]) == 1
    said = capsys.readouterr().out
    assert (
        "files of its card (evaluation.json altered) and test accuracy (0.9900 committed, 0.9100 now, 0.0400 allowed)"
        in said
    )


def test_the_command_ends_well_where_all_matches(
    places: tuple[Settings, Path], root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(places[1], root)
    monkeypatch.setenv("BRAINTUMOR_OUTPUTS", str(places[0].outputs))
    assert main(["reproduce", "v1", "--check-only", str(places[1])]) == 0
    assert "v1 is reproduced" in capsys.readouterr().out


def test_another_recipe_is_named_by_what_changed(places: tuple[Settings, Path], root: Path) -> None:
    recipe = load_recipe("v1", Settings(recipes=root / "recipes")).model_dump(mode="json")
    _write(places[1], root, card={"recipe": recipe | {"title": "Another", "seed": 7}})
    found = compare_reproduction("v1", *places)
    assert _wrong(found) == ["recipe"]
    assert "another seed and title" in found.verdict


def test_where_seeds_were_measured_their_spread_is_the_tolerance(places: tuple[Settings, Path], root: Path) -> None:
    settings = places[0]
    assert metric_tolerance("v1", "accuracy", settings) == DEFAULT_TOLERANCE
    for seed, accuracy in ((2, 0.87), (3, 0.95)):
        _write(settings.outputs, root, f"runs/v1/group-seed{seed}", card={"seed": seed}, accuracy=accuracy)
    assert metric_tolerance("v1", "accuracy", settings) == pytest.approx(REPRODUCIBILITY_FACTOR * 0.04)
    assert metric_tolerance("v1", "roc_auc", settings) == MIN_TOLERANCE, "equal by luck is not exact"


def test_a_taught_version_without_seeds_of_its_own_has_not_those_of_its_teacher(
    places: tuple[Settings, Path], root: Path
) -> None:
    settings = places[0]
    for seed in (2, 3):
        _write(settings.outputs, root, f"runs/v1/group-seed{seed}", card={"seed": seed})
    recipe = {"teachers": {"version": "v1", "seeds": [1]}}
    _write(settings.outputs, root, "runs/v9/official-seed1", card={"protocol": "official", "recipe": recipe})
    assert metric_tolerance("runs/v9/official-seed1", "accuracy", settings) == DEFAULT_TOLERANCE
    assert (
        metric_tolerance("runs/v1/group-seed2", "accuracy", settings)
        == metric_tolerance("v1", "accuracy", settings)
        == MIN_TOLERANCE
    )


def test_under_another_protocol_an_ensemble_rests_on_members_under_it(root: Path) -> None:
    recipe = load_recipe("ensemble", Settings(recipes=root / "recipes"))
    for protocol in (Protocol.GROUP, Protocol.OFFICIAL):
        run = RunSpec("ensemble", recipe, protocol, None, None)
        assert dependencies(run) == [Run(member, protocol).name for member in recipe.members]


def test_what_was_not_made_is_said_with_its_command(places: tuple[Settings, Path]) -> None:
    with pytest.raises(ArtifactError, match=r"again/v1 lacks card\.json.*braintumor train v1"):
        compare_reproduction("v1", *places)


def test_the_name_and_card_of_a_version_say_how_it_was_made(places: tuple[Settings, Path]) -> None:
    settings = places[0]
    card = read_card("v1", settings)
    plain = find_run_spec("v1", card, settings)
    assert (plain.recipe_name, plain.protocol, plain.seed, plain.weights) == ("v1", Protocol.GROUP, None, None)
    seeded = find_run_spec("runs/v1/random-seed7", card.model_copy(update={"protocol": "random", "seed": 7}), settings)
    assert (seeded.recipe_name, seeded.protocol, seeded.seed) == ("v1", Protocol.RANDOM, 7)
    with pytest.raises(RecipeError, match="No recipe in recipes/ makes a version named mine"):
        find_run_spec("mine", card, settings)
