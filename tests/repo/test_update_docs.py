"""Generated documentation: pages match `outputs`, and only the text between markers changes."""

from pathlib import Path

import pytest

from braintumor.results.metric import Metric
from braintumor.settings import get_settings
from scripts.update_docs import __main__ as command
from scripts.update_docs.ablations import _gap, ablations_block
from scripts.update_docs.goals import Goal, goals_block
from scripts.update_docs.markers import Markers

BEGIN, END = MARKERS = Markers.of("results")


@pytest.mark.parametrize("name", command.BLOCKS)
def test_every_generated_block_is_that_of_the_outputs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BRAINTUMOR_VERSION")  # the version that is shipped, not the one tests make
    block = command.BLOCKS[name]
    page = block.page.read_text(encoding="utf-8")
    assert page == block.updated(get_settings()), f"{block.page.name} is stale; run: make readme"


def test_a_page_that_cannot_be_updated_is_named_and_the_others_are_written(
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


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="results:begin --> and <!-- results:end --> are missing"):
        MARKERS.filled("# Title\n", "block")


def test_filling_changes_only_what_is_between_the_markers() -> None:
    assert MARKERS.filled(f"a\n{BEGIN}old\n{END}b\n", "new\n") == f"a\n{BEGIN}new\n{END}b\n"


def test_every_ablation_that_was_run_has_a_row() -> None:
    rows = ablations_block(get_settings()).splitlines()[2:]
    assert {"whole", "without composites", "mixed"} <= {row.split(" | ")[0].removeprefix("| ") for row in rows}


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        (None, ""),
        ({"value": -0.168, "low": -0.248, "high": -0.097}, "**-16.8 (-24.8 to -9.7)**"),
        ({"value": 0.008, "low": -0.008, "high": 0.022}, "+0.8 (-0.8 to +2.2)"),
    ],
)
def test_a_difference_stands_out_where_its_interval_leaves_zero_out(entry: dict[str, float] | None, shown: str) -> None:
    assert _gap(entry) == shown


@pytest.mark.parametrize(
    ("least", "most", "value", "ends"),
    [
        (0.9, None, 0.9, "| at least 90% | 90.0% (85.0 to 95.0) | met |"),
        (0.9, None, 0.89, "| at least 90% | 89.0% (85.0 to 95.0) | missed |"),
        (None, 0.02, 0.03, "| at most 2% | 3.0% (85.0 to 95.0) | missed |"),
        (0.93, 0.97, 0.99, "| at least 93%, at most 97% | 99.0% (85.0 to 95.0) | missed |"),
    ],
)
def test_a_goal_is_met_by_its_number_not_by_its_interval(
    least: float | None, most: float | None, value: float, ends: str
) -> None:
    assert Goal("Recall", Metric(value, (0.85, 0.95)), least=least, most=most).row().endswith(ends)


def test_a_goal_that_was_not_measured_says_so() -> None:
    assert Goal("Dice", None, least=0.75, share=False).row() == "| Dice | at least 0.75 | not measured | |"


def test_the_goals_of_the_shipped_version_are_all_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BRAINTUMOR_VERSION")
    rows = goals_block(get_settings()).splitlines()[2:]
    assert len(rows) == 21
    assert not [row for row in rows if "not measured" in row]
