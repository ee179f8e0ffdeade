"""Generated documentation: pages match `outputs`, and only the text between markers changes."""

import json
from pathlib import Path

import pandas as pd
import pytest

from braintumor.results.comparison import read_comparison
from braintumor.results.metric import Metric
from braintumor.settings import Settings, get_settings
from scripts.update_docs import __main__ as command
from scripts.update_docs.ablations import _difference, ablations_block
from scripts.update_docs.comparison import comparison_block
from scripts.update_docs.goals import Goal, goals_block
from scripts.update_docs.markers import Markers
from scripts.update_docs.rejection import rejection_block
from scripts.update_docs.results import headline_block
from scripts.update_docs.source_goals import sensitivity_at, source_goals_block
from scripts.update_docs.sources import sources_block
from scripts.update_docs.studies import studies_block
from scripts.update_docs.turns import turns_block
from tests.helpers.cards import MINIMAL_CARD
from tests.helpers.versions.comparison import write_comparison
from tests.helpers.versions.measured import (
    entry,
    measure_leave_one_source_out,
    measure_other_sources,
    measure_whole_studies,
)

BEGIN, END = MARKERS = Markers.of("results")


@pytest.mark.parametrize("name", command.BLOCKS)
def test_generated_blocks_match_the_outputs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BRAINTUMOR_VERSION")  # use the served model, not the test model
    block = command.BLOCKS[name]
    page = block.page.read_text(encoding="utf-8")
    assert page == block.updated(get_settings()), f"{block.page.name} is stale; run: make readme"


def test_page_that_cannot_be_updated_is_reported_and_the_others_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = {name: tmp_path / f"{name}.md" for name in ("bare", "marked")}
    pages["bare"].write_text("# Title\n", encoding="utf-8")
    pages["marked"].write_text(f"{BEGIN}old\n{END}", encoding="utf-8")
    blocks = {name: command.Block(page, MARKERS, lambda _: "new\n") for name, page in pages.items()}
    monkeypatch.setattr(command, "BLOCKS", blocks)
    assert command.main() == 1
    assert capsys.readouterr().err.startswith("bare.md: the markers")
    assert pages["bare"].read_text(encoding="utf-8") == "# Title\n"
    assert pages["marked"].read_text(encoding="utf-8") == f"{BEGIN}new\n{END}"


def test_page_without_markers_is_rejected() -> None:
    with pytest.raises(ValueError, match="results:begin --> and <!-- results:end --> are missing"):
        MARKERS.filled("# Title\n", "block")


def test_only_the_text_between_the_markers_changes() -> None:
    assert MARKERS.filled(f"a\n{BEGIN}old\n{END}b\n", "new\n") == f"a\n{BEGIN}new\n{END}b\n"


def test_turned_pictures_have_a_row_per_turn(tmp_path: Path) -> None:
    entry = {"value": 0.05, "low": 0.01, "high": 0.1, "n": 100, "groups": 40}
    metrics = {f"{name}@turn:{turn}": entry for turn in (0, 90) for name in ("false_alarms", "misses")}
    folder = tmp_path / "v4"
    folder.mkdir()
    (folder / "card.json").write_text(json.dumps({**MINIMAL_CARD, "version": "v4"}), encoding="utf-8")
    check = {"metrics": metrics, "facts": {"tumors": 200, "scans": 300}}
    (folder / "stress_test.json").write_text(json.dumps({"checks": {"turns": check}}), encoding="utf-8")
    text = turns_block(Settings(outputs=tmp_path, version="v4"))
    assert text.startswith("200 tumours and 100 tumour-free slices")
    assert [line.split(" | ")[0] for line in text.splitlines()[4:]] == ["| as stored", "| 90 degrees"]
    assert "| 5.0% (" in text
    assert turns_block(Settings(outputs=tmp_path, version="v5")).startswith("Not measured on v5")


def test_other_sources_have_two_tables_and_replace_the_specificity(workspace: Settings) -> None:
    settings, folder = workspace.model_copy(update={"version": "v1"}), workspace.outputs / "v1"
    folder.mkdir()
    (folder / "card.json").write_text(json.dumps(MINIMAL_CARD), encoding="utf-8")
    test = {"accuracy": entry(0.9), "tumor_specificity": entry(0.95)}
    (folder / "evaluation.json").write_text(json.dumps({"test": test}), encoding="utf-8")
    assert sources_block(settings).startswith("Not measured on v1")
    assert "Specificity for any tumour" in headline_block(settings)
    measure_other_sources(settings)
    text = sources_block(settings)
    assert (
        "| TCGA-LGG: axial | 40 images, 12 groups | 25.0% (22.5 to 27.5) | 12.0% (10.8 to 13.2) | 4.0% (3.6 to 4.4) |"
        in text
    )
    assert "| Skull-stripped | 40 images, 12 groups | 60.0% (54.0 to 66.0) |  |  |" in text
    assert "| yale_mets_t2 | 40 images, 12 groups | 66.0% (59.4 to 72.6) |  |" in text
    assert "Held-out source" not in text
    measure_leave_one_source_out(settings)
    assert (
        "| TCGA-LGG | 91.0% (81.9 to 100.1) | 82.0% (73.8 to 90.2) | 1.0% (0.9 to 1.1) | 96.0% (86.4 to 105.6) |"
        in sources_block(settings)
    )
    headline = headline_block(settings)
    assert "Specificity for any tumour" not in headline
    assert "| All sources, sagittal | 30.0% (27.0 to 33.0); 40 images, 12 groups |" in headline
    assert "| TCGA-LGG | 15.0% (13.5 to 16.5); 40 images, 12 groups | " in headline


def test_rejected_images_are_listed_by_kind(tmp_path: Path) -> None:
    folder = tmp_path / "v4"
    folder.mkdir()
    (folder / "card.json").write_text(json.dumps({**MINIMAL_CARD, "version": "v4"}), encoding="utf-8")
    settings = Settings(outputs=tmp_path, version="v4")
    assert rejection_block(settings).startswith("Not measured on v4")
    metrics = {name: entry(0.9) for name in ("roc_auc", "rejected@kind:head-ct", "rejected@kind:brain MRI")}
    check = {"metrics": metrics, "facts": {}}
    (folder / "stress_test.json").write_text(json.dumps({"checks": {"ood": check}}), encoding="utf-8")
    text = rejection_block(settings)
    assert [line.split(" | ")[0] for line in text.splitlines()[4:6]] == ["| Head CT", "| Test scans"]
    assert "Is it MR?" not in text


def test_whole_studies_are_listed_with_their_sizes(workspace: Settings) -> None:
    settings, folder = workspace.model_copy(update={"version": "v1"}), workspace.outputs / "v1"
    folder.mkdir()
    (folder / "card.json").write_text(json.dumps(MINIMAL_CARD), encoding="utf-8")
    assert studies_block(settings).startswith("Not measured on v1")
    measure_whole_studies(settings)
    assert "| TCGA-LGG | 90.0% (81.0 to 99.0); 64 studies of 64 patients |  |  |  |" in studies_block(settings)


def test_every_ablation_has_a_row() -> None:
    rows = ablations_block(get_settings()).splitlines()[2:]
    assert {"baseline", "without copy paste", "distilled"} <= {row.split(" | ")[0].removeprefix("| ") for row in rows}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (None, ""),
        ({"value": -0.168, "low": -0.248, "high": -0.097}, "**-16.8 (-24.8 to -9.7)**"),
        ({"value": 0.008, "low": -0.008, "high": 0.022}, "+0.8 (-0.8 to +2.2)"),
    ],
)
def test_difference_is_bold_if_its_interval_excludes_zero(entry: dict[str, float] | None, expected: str) -> None:
    assert _difference(entry) == expected


@pytest.mark.parametrize(
    ("least", "most", "value", "ends"),
    [
        (0.9, None, 0.9, "| at least 90% | 90.0% (85.0 to 95.0) | met |"),
        (0.9, None, 0.89, "| at least 90% | 89.0% (85.0 to 95.0) | missed |"),
        (None, 0.02, 0.03, "| at most 2% | 3.0% (85.0 to 95.0) | missed |"),
        (0.93, 0.97, 0.99, "| at least 93%, at most 97% | 99.0% (85.0 to 95.0) | missed |"),
    ],
)
def test_goal_is_met_by_its_value_not_by_its_interval(
    least: float | None, most: float | None, value: float, ends: str
) -> None:
    assert Goal("Recall", Metric(value, (0.85, 0.95)), least=least, most=most).row().endswith(ends)


def test_goal_without_a_metric_is_not_measured() -> None:
    assert Goal("Dice", None, least=0.75, share=False).row() == "| Dice | at least 0.75 | not measured | |"


def test_goal_within_noise_is_met_by_an_interval_that_reaches_it() -> None:
    difference = Metric(-0.013, (-0.032, 0.006))
    assert Goal("Accuracy", difference, least=0, within_noise=True).row().endswith("| -1.3% (-3.2 to 0.6) | met |")
    assert Goal("Accuracy", difference, least=0).row().endswith("missed |")
    assert Goal("Accuracy", Metric(-0.02, (-0.03, -0.01)), least=0, within_noise=True).row().endswith("missed |")


def test_goal_on_few_patients_is_neither_met_nor_missed() -> None:
    assert Goal("Volumes", Metric(1.0), least=0.95, enough=False).row().endswith("| 100.0% | too few to judge |")


def test_sensitivity_is_read_at_the_lowest_threshold_of_enough_specificity() -> None:
    free, tumors = [i / 100 for i in range(100)], [0.94, 0.955, 0.97, 0.99]
    rows = pd.DataFrame({"tumor_probability": [*free, *tumors], "label": ["notumor"] * 100 + ["glioma"] * 4})
    rows = rows.assign(split="test", group=[f"g{i}" for i in rows.index])
    metric = sensitivity_at(0.96, pd.concat([rows, rows.assign(split="train", tumor_probability=0.0)]))
    assert metric is not None
    assert (metric.value, metric.n) == (0.75, 4)
    assert sensitivity_at(0.96, pd.DataFrame()) is None


def test_all_goals_of_the_served_model_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BRAINTUMOR_VERSION")
    rows = [row for block in (goals_block, source_goals_block) for row in block(get_settings()).splitlines()[2:]]
    assert len(rows) >= 36
    assert not [row for row in rows if "not measured" in row]


def test_all_models_are_in_the_comparison_table(workspace: Settings) -> None:
    (workspace.outputs / "v1").mkdir()
    (workspace.outputs / "v1" / "card.json").write_text(json.dumps(MINIMAL_CARD), encoding="utf-8")
    with pytest.raises(ValueError, match="run: braintumor compare"):
        comparison_block(workspace)
    write_comparison(workspace)
    text = comparison_block(workspace)
    rows = [line for line in text.splitlines() if line.startswith(("| v1 |", "| two |"))]
    assert len(rows) == 2
    assert f"| four classes | {read_comparison(workspace).rows[0].test['accuracy'].percent()} |" in rows[0]
    assert rows[1].endswith("| 580 | 0.0 MB | 9.0 |")
    assert "v2 (`braintumor train v2`)" in text
