"""Plates of the comparison: every name can be read, however close its point is to the next."""

import json
from dataclasses import replace
from itertools import combinations

import matplotlib.pyplot as plt
from matplotlib.text import Annotation

from braintumor.evaluation.comparison.plots import plot_latency
from braintumor.results.comparison import read_comparison
from braintumor.settings import Settings
from tests.helpers.cards import MINIMAL_CARD
from tests.helpers.versions.comparison import write_comparison


def test_names_of_versions_alike_in_time_and_accuracy_stay_apart(workspace: Settings) -> None:
    (workspace.outputs / "v1").mkdir()
    (workspace.outputs / "v1" / "card.json").write_text(json.dumps(MINIMAL_CARD), encoding="utf-8")
    write_comparison(workspace)
    rows = [replace(row, version=f"version-{i}") for i in range(2) for row in read_comparison(workspace).evaluated_rows]
    figure = plot_latency(rows)
    names = [one for one in figure.axes[0].get_children() if isinstance(one, Annotation)]
    assert len(names) == len(rows) > 2
    boxes = [name.get_window_extent() for name in names]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert all(box.x1 <= figure.bbox.x1 for box in boxes)
    plt.close(figure)
