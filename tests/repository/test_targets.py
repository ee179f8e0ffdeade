"""Targets: what was asked and what was reached, from the outputs, missed ones included."""

import pytest

from braintumor.evaluation.measures import Estimate
from braintumor.settings import get_settings
from targets import MARKERS, PAGE, Target, table


def test_the_table_in_the_docs_is_that_of_the_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BRAINTUMOR_VERSION")
    page = PAGE.read_text(encoding="utf-8")
    assert page == MARKERS.filled(page, table(get_settings())), "docs/targets.md is stale; run: make readme"


@pytest.mark.parametrize(
    ("least", "most", "value", "ends"),
    [
        (0.9, None, 0.9, "| at least 90% | 90.0% (85.0 to 95.0) | met |"),
        (0.9, None, 0.89, "| at least 90% | 89.0% (85.0 to 95.0) | missed |"),
        (None, 0.02, 0.03, "| at most 2% | 3.0% (85.0 to 95.0) | missed |"),
        (0.93, 0.97, 0.99, "| at least 93%, at most 97% | 99.0% (85.0 to 95.0) | missed |"),
    ],
)
def test_a_target_is_met_by_its_number_not_by_its_interval(
    least: float | None, most: float | None, value: float, ends: str
) -> None:
    assert Target("Recall", Estimate(value, (0.85, 0.95)), least=least, most=most).row().endswith(ends)


def test_what_was_not_measured_is_said_to_be_so() -> None:
    assert Target("Dice", None, least=0.75, share=False).row() == "| Dice | at least 0.75 | not measured | |"
