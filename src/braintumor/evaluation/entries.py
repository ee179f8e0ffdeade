"""Entries: shares and means with intervals by group, in the form `evaluation.json` keeps them."""

from collections.abc import Callable, Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from braintumor.evaluation.bootstrap import REPLICATES, percentile_intervals

Floats = NDArray[np.float64]
MetricEntry = dict[str, float | int | None]


def mean_with_ci(
    columns: Mapping[str, Floats],
    groups: NDArray[np.object_],
    strata: NDArray[np.int64],
    replicates: int = REPLICATES,
    weights: Floats | None = None,
) -> dict[str, MetricEntry]:
    """Mean of every column with its interval; a column without a single value is left out.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        A value per scan, NaN where the scan does not count.
    groups, strata : ndarray, shape (n,)
        See `braintumor.evaluation.bootstrap.group_weights`.
    weights : ndarray, shape (n,), optional
        How often each scan counts; one each by default.
    """
    given = np.ones(len(groups)) if weights is None else weights
    known = {name: ~np.isnan(values) for name, values in columns.items()}
    used = [name for name in columns if known[name].any()]
    if not used:
        return {}
    counted = np.stack([known[name] for name in used], axis=1).astype(float)
    values = np.stack([np.nan_to_num(columns[name]) for name in used], axis=1)

    def measure(drawn: Floats) -> dict[str, float]:
        total = (drawn * given) @ counted
        found = np.divide((drawn * given) @ values, total, out=np.full(len(used), np.nan), where=total > 0)
        return dict(zip(used, found.tolist(), strict=True))

    return bootstrap_ci(measure, {name: known[name] for name in used}, groups, strata, replicates)


def bootstrap_ci(
    statistic: Callable[[Floats], dict[str, float]],
    included: Mapping[str, NDArray[np.bool_]],
    groups: NDArray[np.object_],
    strata: NDArray[np.int64],
    replicates: int = REPLICATES,
    n_jobs: int = 1,
) -> dict[str, MetricEntry]:
    """Every value of `measure` as value, low, high, n (scans it is computed over) and groups (independent ones).

    Parameters
    ----------
    measure : callable
        Takes weights (n,) and returns named values.
    counted : mapping of str to ndarray of bool, shape (n,)
        Which scans a value is computed over; all of them where it has no entry.
    """
    everyone = np.ones(len(groups), bool)
    bounds = percentile_intervals(statistic, groups, strata, replicates, n_jobs=n_jobs)
    found: dict[str, MetricEntry] = {}
    for name, value in statistic(everyone.astype(float)).items():
        own = included.get(name, everyone)
        low, high = bounds[name]
        found[name] = {
            "value": to_json_number(value),
            "low": to_json_number(low),
            "high": to_json_number(high),
            "n": int(own.sum()),
            "groups": len(set(groups[own])),
        }
    return found


def by_subgroup(columns: Mapping[str, Floats], subgroups: Mapping[str, NDArray[np.bool_]]) -> dict[str, Floats]:
    """Columns once more for each slice of the scans, named `<column><slice>`; see `measures` for names of slices."""
    return {
        f"{name}{part}": np.where(chosen, values, np.nan)
        for name, values in columns.items()
        for part, chosen in subgroups.items()
    }


def subgroup_masks(attribute: str, values: NDArray[np.object_], names: Collection[str]) -> dict[str, NDArray[np.bool_]]:
    """Slices `@<kind>:<value>` of the scans with each value."""
    return {f"@{attribute}:{name}": np.asarray(values == name) for name in names}


def to_json_number(value: float) -> float | None:
    """A number as JSON keeps it: rounded, None where it is undefined."""
    return None if np.isnan(value) else round(float(value), 6)
