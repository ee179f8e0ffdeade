"""Labels of the latency plot do not overlap."""

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


def test_labels_of_similar_models_do_not_overlap(workspace: Settings) -> None:
    (workspace.outputs / "v1").mkdir()
    (workspace.outputs / "v1" / "card.json").write_text(json.dumps(MINIMAL_CARD), encoding="utf-8")
    write_comparison(workspace)
    rows = [replace(row, version=f"version-{i}") for i in range(2) for row in read_comparison(workspace).evaluated_rows]
    figure = plot_latency(rows)
    labels = [one for one in figure.axes[0].get_children() if isinstance(one, Annotation)]
    assert len(labels) == len(rows) > 2
    boxes = [label.get_window_extent() for label in labels]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert all(box.x1 <= figure.bbox.x1 for box in boxes)
    plt.close(figure)
