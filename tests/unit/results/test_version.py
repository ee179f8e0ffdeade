"""Version reports hold what can be read, list missing files, and know the commands that write them."""

import json
import subprocess
import sys

import pytest

from braintumor.inference.runs import HISTORY_COLUMNS
from braintumor.results.metric import Metric
from braintumor.results.version import leakage_baseline, read_version_report
from braintumor.settings import Settings
from tests.helpers.versions.tiny import write_version


def _write(settings: Settings, name: str, text: str) -> None:
    (settings.outputs / "v1").mkdir(exist_ok=True)
    (settings.outputs / "v1" / name).write_text(text, encoding="utf-8")


def test_absent_version_has_all_files_missing(workspace: Settings) -> None:
    report = read_version_report("v1", workspace)
    assert set(report.missing_files) == {"card.json", "evaluation.json", "curves.json", "history.csv"}
    assert report.metric("test", "accuracy") is None
    assert report.figure_path("architecture.png") is None
    assert report.history.empty


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "null", "\x00"])
def test_damaged_files_count_as_missing(text: str, workspace: Settings) -> None:
    for name in ("card.json", "evaluation.json", "curves.json", "history.csv"):
        _write(workspace, name, text)
    assert len(read_version_report("v1", workspace).missing_files) == 4


def test_existing_files_are_read(workspace: Settings) -> None:
    entry = {"value": 0.9, "low": 0.8, "high": 0.95, "n": 10, "groups": 4}
    _write(workspace, "evaluation.json", json.dumps({"test": {"accuracy": entry}, "train": {}}))
    _write(workspace, "history.csv", ",".join(HISTORY_COLUMNS) + "\n1,0.5,1.0,0.4,1.1,0.001,2\n2,0.6,\n")
    write_version(workspace.outputs, training={"seconds": 4})
    report = read_version_report("v1", workspace)
    assert report.metric("test", "accuracy") == Metric(0.9, (0.8, 0.95), 10, 4)
    assert list(report.evaluation) == ["test"]
    assert report.history["epoch"].tolist() == [1, 2]
    assert report.card is not None
    assert report.card.training.seconds == 4
    assert report.missing_files == ("curves.json",)


@pytest.mark.parametrize("content", ["[]", '{"version": "v1"}', '{"version": "v1", "training": 3}'])
def test_card_without_required_entries_counts_as_missing(content: str, workspace: Settings) -> None:
    _write(workspace, "card.json", content)
    report = read_version_report("v1", workspace)
    assert report.card is None
    assert report.recipe == {}
    assert "card.json" in report.missing_files


def test_invalid_optional_section_of_a_card_is_left_out(workspace: Settings) -> None:
    write_version(workspace.outputs, training=3, limits=["None."])
    report = read_version_report("v1", workspace)
    assert report.card is not None
    assert report.card.training.seconds is None
    assert report.card.limits == ("None.",)


def test_evaluate_command_trains_a_version_without_card(workspace: Settings) -> None:
    assert read_version_report("v1", workspace).evaluate_command == "braintumor train v1"
    run = read_version_report("runs/v1/random-seed1", workspace)
    assert run.evaluate_command == "braintumor train v1 --protocol random"
    write_version(workspace.outputs)
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
def test_train_command_follows_from_the_run_name(version: str, command: str, workspace: Settings) -> None:
    assert read_version_report(version, workspace).train_command == f"braintumor train {command}"


def test_confusion_matrix_of_two_classes_is_read_and_one_of_three_is_not(workspace: Settings) -> None:
    tables = {"test": [[8, 2], [1, 9]], "train": [[1, 0, 0]] * 3, "validation": [[1, 2], [3]]}
    _write(workspace, "curves.json", json.dumps({split: {"confusion": table} for split, table in tables.items()}))
    curves = read_version_report("v1", workspace).curves
    assert curves["test"].confusion == ((8, 2), (1, 9))
    assert curves["train"].confusion == curves["validation"].confusion == ()


@pytest.mark.parametrize("version", ["v1", "runs/v1/random-seed1", "runs/v1/official-seed1"])
def test_every_suggested_command_is_valid(version: str, workspace: Settings) -> None:
    from braintumor.cli import build_parser

    report = read_version_report(version, workspace)
    for command in (report.evaluate_command, report.train_command, report.stress_test_command):
        assert build_parser().parse_args(command.split()[1:]).version == "v1"


def test_results_import_no_training_package() -> None:
    heavy = "{'sklearn', 'scipy', 'keras', 'tensorflow', 'streamlit'}"
    code = f"import sys, braintumor.results.hypotheses; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_leakage_baseline_was_trained_under_both_leaky_protocols(workspace: Settings) -> None:
    for name in ("v1", "runs/v1/random-seed1", "runs/v1/official-seed1", "runs/v3/random-seed1", "v4"):
        (workspace.outputs / name).mkdir(parents=True)
        (workspace.outputs / name / "evaluation.json").touch()
    assert leakage_baseline("v4", workspace) == "v1"
    assert leakage_baseline("v1", workspace) == "v1"


def test_leakage_baseline_is_the_version_itself_without_leaky_runs(workspace: Settings) -> None:
    assert leakage_baseline("v4", workspace) == "v4"
