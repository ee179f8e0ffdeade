"""Trials: the table of what was tried is that of the outputs, and says which differences may be chance."""

import pytest

from braintumor.settings import get_settings
from trials import MARKERS, PAGE, _gap, table


def test_the_table_in_the_decision_is_that_of_the_outputs() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == MARKERS.filled(page, table(get_settings())), f"{PAGE.name} is stale; run: make readme"


def test_every_arm_that_was_run_has_a_row() -> None:
    rows = table(get_settings()).splitlines()[2:]
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
