"""Seeds: runs of one recipe are found, its own first, and their spread is told."""

import json
from pathlib import Path

import pytest

from braintumor.results.version import (
    SeedSpread,
    list_evaluated_runs,
    read_seed_reports,
    read_version_report,
    runs_by_seed,
    seed_spread,
)
from braintumor.settings import Settings


def _write(outputs: Path, name: str, accuracy: float, seed: int) -> None:
    folder = outputs / name
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(json.dumps({"seed": seed}))
    (folder / "evaluation.json").write_text(json.dumps({"test": {"accuracy": {"value": accuracy}}}))


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    for name, accuracy, seed in (
        ("v4", 0.9, 1),
        ("runs/v4/group-seed2", 0.92, 2),
        ("runs/v4/group-seed3", 0.94, 3),
        ("runs/v40/group-seed2", 0.1, 2),
    ):
        _write(tmp_path, name, accuracy, seed)
    _write(tmp_path, "runs/v4/official-seed1", 0.99, 1)
    return tmp_path


def test_only_seeds_of_the_recipe_are_taken_its_own_first(outputs: Path) -> None:
    reports = read_seed_reports("v4", Settings(outputs=outputs))
    assert list(reports) == [1, 2, 3]
    found = seed_spread(reports, "test", "accuracy")
    assert found == SeedSpread((0.9, 0.92, 0.94))
    assert found.percent() == "92.0% \N{PLUS-MINUS SIGN} 2.0 (90.0 to 94.0)"


def test_the_seeds_of_what_taught_it_are_told_too(outputs: Path) -> None:
    settings = Settings(outputs=outputs)
    card = {"seed": 1, "recipe": {"teachers": {"versions": ["v4", "runs/v4/group-seed2"]}}}
    _write(outputs, "v5", 0.95, 1)
    (outputs / "v5" / "card.json").write_text(json.dumps(card))
    assert {name: list(found) for name, found in runs_by_seed("v5", settings).items()} == {"v4": [1, 2, 3]}
    _write(outputs, "runs/v5/group-seed2", 0.96, 2)
    assert list(runs_by_seed("v5", settings)) == ["v5", "v4"]
    assert list(runs_by_seed("v4", settings)) == ["v4"]
    assert runs_by_seed("runs/v4/official-seed1", settings) == {}


def test_one_seed_has_no_spread(outputs: Path) -> None:
    assert (
        seed_spread(read_seed_reports("runs/v4/official-seed1", Settings(outputs=outputs)), "test", "accuracy") is None
    )
    assert seed_spread(read_seed_reports("v4", Settings(outputs=outputs)), "test", "dice") is None


def test_runs_without_a_model_are_measured_versions_and_name_their_command(outputs: Path) -> None:
    settings = Settings(outputs=outputs)
    assert "runs/v4/group-seed2" in list_evaluated_runs(settings)
    assert read_version_report("runs/v4/group-seed2", settings).train_command == "braintumor train v4 --seed 2"
    assert (
        read_version_report("runs/v4/official-seed1", settings).train_command
        == "braintumor train v4 --protocol official"
    )
