"""Command line: wrong arguments are reported before anything is loaded."""

import sys
import types

import pytest

from braintumor.cli import build_parser, main


@pytest.mark.parametrize("command", [["train", "v1"], ["data", "split"], ["data", "phantoms", "x"]])
@pytest.mark.parametrize("seed", ["-1", "4294967296", "1.5", "x"])
def test_invalid_seed_is_refused(command: list[str], seed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([*command, f"--seed={seed}"])
    assert stopped.value.code == 2
    assert f"'{seed}' is not a seed: give a whole number from 0 to 4294967295" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        ["stress-test", "v1", "--restart"],
        ["ablate", "hypotheses", "--no-train"],
        ["ablate", "v4", "baseline"],
        ["train", "v1", "--skip-train-split"],
        ["train-folds", "v5", "--restart"],
        ["evaluate", "v1", "--skip-train-split", "--diff"],
        ["data", "fetch", "--dataset", "binary"],
        ["data", "fetch", "--masks"],
        ["data", "phantoms", "folder", "--dataset", "binary"],
        ["db", "backup", "/backups/2026-11-29.zip"],
        ["db", "check", "--repair", "--head", "1234:9f86d081"],
    ],
)
def test_documented_commands_are_parsed(command: list[str]) -> None:
    assert callable(build_parser().parse_args(command).handler)


def test_masks_and_dataset_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["data", "fetch", "--masks", "--dataset", "binary"])
    assert "not allowed with" in capsys.readouterr().err


def test_diff_prints_the_difference_and_evaluates_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = types.ModuleType("braintumor.evaluation.diff")
    module.diff_evaluation = lambda version, *, skip_train_split: f"{version} {skip_train_split}"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert main(["evaluate", "v1", "--diff"]) == 0
    assert capsys.readouterr().out == "v1 False\n"
