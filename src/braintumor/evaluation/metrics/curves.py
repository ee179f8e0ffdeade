"""ROC and precision-recall curves, thinned for drawing."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

Floats = NDArray[np.float64]

# With this many points a curve looks the same as with all of them.
_CURVE_POINTS: Final = 200


def roc_and_pr_curves(tasks: Mapping[str, tuple[NDArray[np.bool_], Floats]]) -> dict[str, Any]:
    """Compute the curves `roc` and `pr` of binary tasks, each given as truth and score; skip those with one class."""
    roc, pr = {}, {}
    for name, (truth, scores) in tasks.items():
        if not truth.any() or truth.all():
            continue
        false_positive_rate, true_positive_rate, _ = roc_curve(truth, scores)
        precision, recall, _ = precision_recall_curve(truth, scores)
        roc[name] = {"fpr": thin_curve(false_positive_rate), "tpr": thin_curve(true_positive_rate)}
        pr[name] = {"recall": thin_curve(recall[::-1]), "precision": thin_curve(precision[::-1])}
    return {"roc": roc, "pr": pr}


def thin_curve(values: Floats) -> list[float]:
    """Reduce one coordinate of a curve to the points needed to draw it."""
    indices = np.unique(np.linspace(0, len(values) - 1, min(_CURVE_POINTS, len(values))).astype(int))
    return [round(float(value), 5) for value in values[indices]]
