"""Group bootstrap: groups stay together, classes never vanish, and coverage is close to nominal."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from braintumor.evaluation.metrics.bootstrap import iter_bootstrap_weights, percentile_intervals


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_groups_are_resampled_whole_within_each_class(seed: int) -> None:
    generator = np.random.default_rng(seed)
    group_index = generator.integers(12, size=50)
    strata = group_index % 3
    for weights in iter_bootstrap_weights(group_index.astype(str).astype(object), strata, 5, seed):
        for group in np.unique(group_index):
            assert len(set(weights[group_index == group])) == 1
        for stratum in np.unique(strata):
            groups = np.unique(group_index[strata == stratum])
            drawn = sum(weights[group_index == group][0] for group in groups)
            assert drawn == len(groups)


def test_interval_coverage_is_close_to_nominal() -> None:
    generator = np.random.default_rng(0)
    covered = 0
    for replicate in range(100):
        means = generator.normal(0.0, 1.0, 40)
        groups = np.repeat(np.arange(40), 5)
        values = means[groups] + generator.normal(0, 0.1, 200)

        def mean(weights: np.ndarray, values: np.ndarray = values) -> dict[str, float]:
            return {"mean": float((values * weights).sum() / weights.sum())}

        low, high = percentile_intervals(mean, groups.astype(object), np.zeros(200, int), 200, replicate, n_jobs=1)[
            "mean"
        ]
        covered += low <= 0.0 <= high
    assert 85 <= covered <= 100


def test_more_images_per_group_do_not_narrow_the_interval() -> None:
    values = np.repeat(np.random.default_rng(1).normal(size=20), 50)
    group_index = np.repeat(np.arange(20), 50).astype(object)

    def width(groups: np.ndarray) -> float:
        def mean(weights: np.ndarray) -> dict[str, float]:
            return {"mean": float((values * weights).sum() / weights.sum())}

        low, high = percentile_intervals(mean, groups, np.zeros(1000, int), 300, n_jobs=1)["mean"]
        return high - low

    assert width(group_index) > 4 * width(np.arange(1000).astype(object))


def test_undefined_value_has_no_interval() -> None:
    intervals = percentile_intervals(
        lambda _: {"none": float("nan")}, np.array(["a", "b"], object), np.zeros(2, int), 10, n_jobs=1
    )
    assert np.isnan(intervals["none"]).all()
