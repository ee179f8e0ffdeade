"""Reproduction: equal models match, and every difference beyond its tolerance is named."""

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
from braintumor.evaluation.reproduction_report import (
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
    """Write the compared files of a model, and the manifest."""
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
    fields = {
        "version": name, "seed": 1, "protocol": "group", "parameters": 495_972, "recipe": recipe,
        "data": {"fingerprint": "f" * 64}, "training": {"seconds": 60.0}, "libraries": {"keras": "3"},
        "files": {file: hashlib.sha256((folder / file).read_bytes()).hexdigest()
                  for file in ("evaluation.json", "model.onnx")},
    }  # fmt: skip
    (folder / "card.json").write_text(json.dumps(MINIMAL_CARD | fields | (card or {})))
    return folder


@pytest.fixture
def folders(tmp_path: Path, root: Path) -> tuple[Settings, Path]:
    """Settings of the committed outputs, and another outputs folder."""
    _write(tmp_path / "outputs", root)
    return Settings(outputs=tmp_path / "outputs", recipes=root / "recipes"), tmp_path / "again"


def _failed_rows(result: Reproduction) -> list[str]:
    return [row.name for row in result.rows if row.within_tolerance is False]


def test_identical_copy_is_reproduced(folders: tuple[Settings, Path], root: Path) -> None:
    _write(folders[1], root)
    result = compare_reproduction("v1", *folders)
    assert result.matches
    assert result.identical
    assert result.verdict.endswith("with identical weights.")
    checked = [row.name for row in result.rows if row.within_tolerance is not None]
    assert [name for name in checked if name.startswith("test")] == [
        f"test {m}".replace("_", " ") for m in REPRODUCED_METRICS
    ]
    assert {"manifest", "data fingerprint", "recipe", "parameters", "epochs", "files in the card"} <= set(checked)


def test_other_weights_within_tolerance_are_reproduced(folders: tuple[Settings, Path], root: Path) -> None:
    folder = _write(folders[1], root, accuracy=VALUES["accuracy"] - DEFAULT_TOLERANCE + 0.001, epochs=25)
    (folder / "model.onnx").write_bytes(b"rounded differently")
    result = compare_reproduction("v1", *folders)
    assert result.matches
    assert not result.identical
    assert "other weights" in result.verdict


@pytest.mark.parametrize(
    ("change", "row"),
    [
        ({"accuracy": VALUES["accuracy"] + DEFAULT_TOLERANCE + 0.001}, "test accuracy"),
        ({"roc_auc": VALUES["roc_auc"] - DEFAULT_TOLERANCE - 0.001}, "test roc auc"),
        ({"epochs": 22 - 9}, "epochs"),
        ({"card": {"parameters": 1}}, "parameters"),
        ({"card": {"data": {"fingerprint": "0" * 64}}}, "data fingerprint"),
    ],
)
def test_difference_beyond_tolerance_is_named(
    folders: tuple[Settings, Path], root: Path, change: dict[str, Any], row: str
) -> None:
    _write(folders[1], root, **change)
    result = compare_reproduction("v1", *folders)
    assert _failed_rows(result) == [row]
    assert f"v1 is NOT reproduced. Differences: {row} (" in result.verdict
    assert "DIFFERS" in str(result)


def test_changed_or_missing_manifest_is_not_reproduced(folders: tuple[Settings, Path], root: Path) -> None:
    _write(folders[1], root)
    manifest = folders[1] / "dataset" / "manifest.csv"
    manifest.write_text("path,label\na.jpg,pituitary\n")
    assert _failed_rows(compare_reproduction("v1", *folders)) == ["manifest"]
    manifest.unlink()
    assert _failed_rows(compare_reproduction("v1", *folders)) == ["manifest"]


def test_edited_metric_is_detected(
    folders: tuple[Settings, Path], root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(folders[1], root)
    file = folders[0].outputs / "v1" / "evaluation.json"
    file.write_text(file.read_text().replace("0.91", "0.99"))
    monkeypatch.setenv("BRAINTUMOR_OUTPUTS", str(folders[0].outputs))
    assert main(["reproduce", "v1", "--check-only", str(folders[1])]) == 1
    output = capsys.readouterr().out
    assert (
        "files in the card (evaluation.json altered) and test accuracy (0.9900 committed, 0.9100 now, 0.0400 allowed)"
        in output
    )


def test_command_succeeds_if_everything_matches(
    folders: tuple[Settings, Path], root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(folders[1], root)
    monkeypatch.setenv("BRAINTUMOR_OUTPUTS", str(folders[0].outputs))
    assert main(["reproduce", "v1", "--check-only", str(folders[1])]) == 0
    assert "v1 is reproduced" in capsys.readouterr().out


def test_changed_recipe_keys_are_named(folders: tuple[Settings, Path], root: Path) -> None:
    recipe = load_recipe("v1", Settings(recipes=root / "recipes")).model_dump(mode="json")
    _write(folders[1], root, card={"recipe": recipe | {"title": "Another", "seed": 7}})
    result = compare_reproduction("v1", *folders)
    assert _failed_rows(result) == ["recipe"]
    assert "seed and title changed" in result.verdict


def test_tolerance_follows_the_spread_of_seeds(folders: tuple[Settings, Path], root: Path) -> None:
    settings = folders[0]
    assert metric_tolerance("v1", "accuracy", settings) == DEFAULT_TOLERANCE
    for seed, accuracy in ((2, 0.87), (3, 0.95)):
        _write(settings.outputs, root, f"runs/v1/group-seed{seed}", card={"seed": seed}, accuracy=accuracy)
    assert metric_tolerance("v1", "accuracy", settings) == pytest.approx(REPRODUCIBILITY_FACTOR * 0.04)
    assert metric_tolerance("v1", "roc_auc", settings) == MIN_TOLERANCE, "equal seeds still leave a tolerance"


def test_student_does_not_inherit_the_seeds_of_its_teacher(folders: tuple[Settings, Path], root: Path) -> None:
    settings = folders[0]
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


def test_ensemble_depends_on_members_of_the_same_protocol(root: Path) -> None:
    recipe = load_recipe("ensemble", Settings(recipes=root / "recipes"))
    for protocol in (Protocol.GROUP, Protocol.OFFICIAL):
        run = RunSpec("ensemble", recipe, protocol, None, None)
        assert dependencies(run) == [Run(member, protocol).name for member in recipe.members]


def test_missing_model_is_reported_with_its_command(folders: tuple[Settings, Path]) -> None:
    with pytest.raises(ArtifactError, match=r"Cannot compare again/v1: card\.json.*braintumor train v1"):
        compare_reproduction("v1", *folders)


def test_run_spec_follows_from_name_and_card(folders: tuple[Settings, Path]) -> None:
    settings = folders[0]
    card = read_card("v1", settings)
    plain = find_run_spec("v1", card, settings)
    assert (plain.recipe_name, plain.protocol, plain.seed, plain.weights) == ("v1", Protocol.GROUP, None, None)
    seeded = find_run_spec("runs/v1/random-seed7", card.model_copy(update={"protocol": "random", "seed": 7}), settings)
    assert (seeded.recipe_name, seeded.protocol, seeded.seed) == ("v1", Protocol.RANDOM, 7)
    with pytest.raises(RecipeError, match="no recipe 'mine'"):
        find_run_spec("mine", card, settings)
