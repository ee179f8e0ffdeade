"""Reports: everything there is of a version, gaps named, commands that fill them."""

import json
import subprocess
import sys

import pytest

from braintumor.results.metric import Metric
from braintumor.results.version import HISTORY_COLUMNS, leakage_baseline, read_version_report
from braintumor.settings import Settings


def _write(settings: Settings, name: str, text: str) -> None:
    (settings.outputs / "v1").mkdir(exist_ok=True)
    (settings.outputs / "v1" / name).write_text(text, encoding="utf-8")


def test_a_version_that_is_not_there_is_all_gaps(workspace: Settings) -> None:
    report = read_version_report("v1", workspace)
    assert set(report.missing_files) == {"card.json", "evaluation.json", "curves.json", "history.csv"}
    assert report.metric("test", "accuracy") is None
    assert report.figure_path("architecture.png") is None
    assert report.history.empty


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "null", "\x00"])
def test_a_damaged_file_is_a_gap(text: str, workspace: Settings) -> None:
    for name in ("card.json", "evaluation.json", "curves.json", "history.csv"):
        _write(workspace, name, text)
    assert len(read_version_report("v1", workspace).missing_files) == 4


def test_what_lies_there_is_read(workspace: Settings) -> None:
    entry = {"value": 0.9, "low": 0.8, "high": 0.95, "n": 10, "groups": 4}
    _write(workspace, "evaluation.json", json.dumps({"test": {"accuracy": entry}, "train": {}}))
    _write(workspace, "history.csv", ",".join(HISTORY_COLUMNS) + "\n1,0.5,1.0,0.4,1.1,0.001,2\n2,0.6,\n")
    _write(workspace, "card.json", json.dumps({"training": {"seconds": 4}}))
    report = read_version_report("v1", workspace)
    assert report.metric("test", "accuracy") == Metric(0.9, (0.8, 0.95), 10, 4)
    assert list(report.evaluation) == ["test"]
    assert report.history["epoch"].tolist() == [1, 2]
    assert report.card_value("training", "seconds") == 4
    assert report.missing_files == ("curves.json",)


@pytest.mark.parametrize("keys", [("training", "seconds", "deeper"), ("nothing",), ("nothing", "at", "all")])
def test_a_fact_the_card_lacks_is_none(keys: tuple[str, ...], workspace: Settings) -> None:
    _write(workspace, "card.json", json.dumps({"training": {"seconds": 4}}))
    assert read_version_report("v1", workspace).card_value(*keys) is None


def test_the_remedy_fits_what_is_missing(workspace: Settings) -> None:
    assert read_version_report("v1", workspace).evaluate_command == "braintumor train v1"
    assert (
        read_version_report("runs/v1/random-seed1", workspace).evaluate_command
        == "braintumor train v1 --protocol random"
    )
    _write(workspace, "card.json", '{"version": "v1"}')
    assert read_version_report("v1", workspace).evaluate_command == "braintumor evaluate v1"


@pytest.mark.parametrize(
    ("version", "command"),
    [
        ("wide-cnn", "wide-cnn"),
        ("runs/binary-vgg16/random-seed1", "binary-vgg16 --protocol random"),
        ("runs/binary-mobilenet/group-seed3-none", "binary-mobilenet --weights none --seed 3"),
        ("runs/v4/official-seed1", "v4 --protocol official"),
        ("v4-holdout-sartaj", "v4-holdout-sartaj"),
    ],
)
def test_a_name_with_dashes_is_trained_by_its_own_name(version: str, command: str, workspace: Settings) -> None:
    assert read_version_report(version, workspace).train_command == f"braintumor train {command}"


def test_a_confusion_matrix_of_two_answers_is_read_and_one_of_three_is_not(workspace: Settings) -> None:
    tables = {"test": [[8, 2], [1, 9]], "train": [[1, 0, 0]] * 3, "validation": [[1, 2], [3]]}
    _write(workspace, "curves.json", json.dumps({split: {"confusion": table} for split, table in tables.items()}))
    found = read_version_report("v1", workspace).curves
    assert found["test"].confusion == ((8, 2), (1, 9))
    assert found["train"].confusion == found["validation"].confusion == ()


@pytest.mark.parametrize("version", ["v1", "runs/v1/random-seed1", "runs/v1/official-seed1"])
def test_every_remedy_is_a_command_there_is(version: str, workspace: Settings) -> None:
    from braintumor.cli import build_parser

    report = read_version_report(version, workspace)
    for command in (report.evaluate_command, report.train_command):
        assert build_parser().parse_args(command.split()[1:]).version == "v1"


def test_reading_loads_no_training_package() -> None:
    heavy = "{'sklearn', 'scipy', 'keras', 'tensorflow', 'streamlit'}"
    code = f"import sys, braintumor.results.hypotheses; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_what_leakage_is_worth_is_shown_of_a_version_that_was_trained_on_leaky_splits(workspace: Settings) -> None:
    for name in ("v1", "runs/v1/random-seed1", "runs/v1/official-seed1", "runs/v3/random-seed1", "v4"):
        (workspace.outputs / name).mkdir(parents=True)
        (workspace.outputs / name / "evaluation.json").touch()
    assert leakage_baseline("v4", workspace) == "v1"
    assert leakage_baseline("v1", workspace) == "v1"


def test_where_no_version_was_trained_on_leaky_splits_it_is_the_one_asked_for(workspace: Settings) -> None:
    assert leakage_baseline("v4", workspace) == "v4"
