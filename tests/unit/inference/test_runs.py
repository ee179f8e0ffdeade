"""Names of runs: a run's folder, its parsed name and its training command agree."""

from pathlib import Path

import pytest

from braintumor.enums import Protocol
from braintumor.inference.runs import Run, is_run_name, list_run_names

RUNS = [
    (Run("v4"), "v4", "braintumor train v4"),
    (Run("v4_teacher", seed=3), "runs/v4_teacher/group-seed3", "braintumor train v4_teacher --seed 3"),
    (Run("v1", Protocol.OFFICIAL), "runs/v1/official-seed1", "braintumor train v1 --protocol official"),
    (
        Run("wide-cnn", Protocol.OFFICIAL, 2, "none"),
        "runs/wide-cnn/official-seed2-none",
        "braintumor train wide-cnn --protocol official --weights none --seed 2",
    ),
    (Run("v5", fold=2), "runs/v5/group-seed1-fold2", "braintumor train-folds v5"),
    (Run("v5", seed=2, weights="none", fold=10), "runs/v5/group-seed2-none-fold10", "braintumor train-folds v5"),
]  # fmt: skip


@pytest.mark.parametrize(("run", "name", "command"), RUNS)
def test_name_command_and_parsed_name_agree(run: Run, name: str, command: str) -> None:
    assert run.name == name
    assert Run.from_name(name) == run
    assert run.train_command == command


def test_changing_the_protocol_keeps_seed_and_weights() -> None:
    teacher = Run("v4_teacher", seed=2)
    assert teacher.with_protocol(Protocol.OFFICIAL).name == "runs/v4_teacher/official-seed2"
    assert Run("v4_teacher", Protocol.OFFICIAL).with_protocol(Protocol.GROUP).name == "v4_teacher"


@pytest.mark.parametrize("name", ["../v4", "/v4", "runs/../../v4", "runs/v4", "a/b", "v4/", "", "."])
def test_paths_out_of_the_outputs_are_no_run_names(name: str) -> None:
    assert not is_run_name(name)
    assert all(is_run_name(run.name) for run, _, _ in RUNS)


def test_runs_are_listed_by_the_file_they_hold(tmp_path: Path) -> None:
    for name in ("v4", "runs/v4/group-seed2", "runs/v4/official-seed1", "runs/v40/group-seed2"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "evaluation.json").touch()
    (tmp_path / "runs" / "v4" / "random-seed1").mkdir()
    assert list_run_names(tmp_path, "evaluation.json", "v4") == ["runs/v4/group-seed2", "runs/v4/official-seed1", "v4"]
    assert len(list_run_names(tmp_path, "evaluation.json")) == 4
