"""Runs of one recipe are found by seed, and their spread is computed."""

import json
from pathlib import Path

import pytest

from braintumor.results.seeds import SeedSpread, read_seed_reports, runs_by_seed, seed_spread
from braintumor.results.version import list_evaluated_runs, read_version_report
from braintumor.settings import Settings
from tests.helpers.versions.tiny import write_version


def _write(outputs: Path, name: str, accuracy: float, seed: int, **card: object) -> None:
    folder = write_version(outputs, name, seed=seed, **card)
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


def test_only_seeds_of_the_recipe_are_read_shipped_run_first(outputs: Path) -> None:
    reports = read_seed_reports("v4", Settings(outputs=outputs))
    assert list(reports) == [1, 2, 3]
    spread = seed_spread(reports, "test", "accuracy")
    assert spread == SeedSpread((0.9, 0.92, 0.94))
    assert spread.percent() == "92.0% \N{PLUS-MINUS SIGN} 2.0 (90.0 to 94.0)"


def test_seeds_of_the_teacher_are_read_too(outputs: Path) -> None:
    settings = Settings(outputs=outputs)
    _write(outputs, "v5", 0.95, 1, recipe={"teachers": {"version": "v4", "seeds": [1, 2]}})
    assert {name: list(reports) for name, reports in runs_by_seed("v5", settings).items()} == {"v4": [1, 2, 3]}
    _write(outputs, "runs/v5/group-seed2", 0.96, 2)
    assert list(runs_by_seed("v5", settings)) == ["v5", "v4"]
    assert list(runs_by_seed("v4", settings)) == ["v4"]
    assert runs_by_seed("runs/v4/official-seed1", settings) == {}


def test_one_seed_has_no_spread(outputs: Path) -> None:
    settings = Settings(outputs=outputs)
    assert seed_spread(read_seed_reports("runs/v4/official-seed1", settings), "test", "accuracy") is None
    assert seed_spread(read_seed_reports("v4", settings), "test", "dice") is None


def test_runs_are_listed_and_know_their_train_command(outputs: Path) -> None:
    settings = Settings(outputs=outputs)
    assert "runs/v4/group-seed2" in list_evaluated_runs(settings)
    assert read_version_report("runs/v4/group-seed2", settings).train_command == "braintumor train v4 --seed 2"
    official = read_version_report("runs/v4/official-seed1", settings)
    assert official.train_command == "braintumor train v4 --protocol official"
