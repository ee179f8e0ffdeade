"""Pairs of versions on the same scans: differences with intervals over groups, and which outlast many comparisons."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.evaluation.bootstrap import CONFIDENCE_LEVEL, iter_bootstrap_weights
from braintumor.evaluation.entries import to_json_number

Floats = NDArray[np.float64]
PairEntry = dict[str, Any]

# Many, so that a probability small enough for a hundred pairs can be seen at all.
PAIR_REPLICATES: Final = 20_000
_PAIR_SEED: Final = 0


def compare_pairs(
    correctness: Mapping[str, Floats],
    groups: NDArray[np.object_],
    strata: NDArray[np.int64],
    replicates: int = PAIR_REPLICATES,
) -> list[PairEntry]:
    """Difference in the share of right answers of every two versions, a minus b.

    Parameters
    ----------
    right : mapping of str to ndarray, shape (n,)
        For each version, whether it answered each scan right.
    groups, strata : ndarray, shape (n,)
        See `braintumor.evaluation.bootstrap.group_weights`.

    Returns
    -------
    list of dict
        `a`, `b`, `value`, `low`, `high` (95%), `n`, `groups`; `real`, whether the interval leaves zero out; `p`,
        two-sided by the same bootstrap; `p_holm`, the same after Holm (1979) for the number of pairs; `holds`, whether
        that is below 5%. The larger of the two is `a`.
    """
    names = list(correctness)
    if len(names) < 2:
        return []
    answers = np.stack([correctness[name] for name in names])
    draws = np.stack([answers @ w / w.sum() for w in iter_bootstrap_weights(groups, strata, replicates, _PAIR_SEED)])
    means = answers.mean(axis=1)
    found: list[PairEntry] = []
    for i, j in combinations(range(len(names)), 2):
        a, b = (i, j) if means[i] >= means[j] else (j, i)
        found.append({"a": names[a], "b": names[b]} | _difference_entry(draws[:, a] - draws[:, b], means[a] - means[b]))
    size = {"n": answers.shape[1], "groups": len(set(groups))}
    adjusted = adjust_holm([pair["p"] for pair in found])
    return [
        pair | size | {"p_holm": to_json_number(p), "holds": bool(p < 1 - CONFIDENCE_LEVEL)}
        for pair, p in zip(found, adjusted, strict=True)
    ]


def adjust_holm(probabilities: list[float]) -> list[float]:
    """Probabilities adjusted for how many there are (Holm 1979), in the same order."""
    values = np.array(probabilities, np.float64)
    order = np.argsort(values, kind="stable")
    steps = (len(values) - np.arange(len(values))) * values[order]
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(value) for value in adjusted]


def _difference_entry(draws: Floats, value: float) -> PairEntry:
    tail = (1 - CONFIDENCE_LEVEL) / 2
    low, high = (float(limit) for limit in np.quantile(draws, [tail, 1 - tail]))
    # One is added to both counts, so that no probability is zero because of too few draws.
    below, above = ((np.count_nonzero(side) + 1) / (len(draws) + 1) for side in (draws <= 0, draws >= 0))
    return {
        "value": to_json_number(float(value)),
        "low": to_json_number(low),
        "high": to_json_number(high),
        "real": low > 0 or high < 0,
        "p": to_json_number(min(1.0, 2 * min(below, above))),
    }
