"""Intervals: groups are drawn whole, classes never vanish, and coverage comes near what is promised."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from braintumor.evaluation.metrics.bootstrap import iter_bootstrap_weights, percentile_intervals


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_image_of_a_group_counts_alike_and_each_class_keeps_its_groups(seed: int) -> None:
    generator = np.random.default_rng(seed)
    member = generator.integers(12, size=50)
    strata = member % 3
    for weights in iter_bootstrap_weights(member.astype(str).astype(object), strata, 5, seed):
        for group in np.unique(member):
            assert len(set(weights[member == group])) == 1
        for stratum in np.unique(strata):
            groups = np.unique(member[strata == stratum])
            drawn = sum(weights[member == group][0] for group in groups)
            assert drawn == len(groups)


def test_intervals_cover_the_truth_about_as_often_as_promised() -> None:
    generator = np.random.default_rng(0)
    covered = 0
    for trial in range(100):
        means = generator.normal(0.0, 1.0, 40)
        groups = np.repeat(np.arange(40), 5)
        values = means[groups] + generator.normal(0, 0.1, 200)

        def measure(weights: np.ndarray, values: np.ndarray = values) -> dict[str, float]:
            return {"mean": float((values * weights).sum() / weights.sum())}

        low, high = percentile_intervals(measure, groups.astype(object), np.zeros(200, int), 200, trial, n_jobs=1)[
            "mean"
        ]
        covered += low <= 0.0 <= high
    assert 85 <= covered <= 100


def test_images_of_one_group_do_not_narrow_the_interval() -> None:
    values = np.repeat(np.random.default_rng(1).normal(size=20), 50)
    member = np.repeat(np.arange(20), 50).astype(object)

    def width(groups: np.ndarray) -> float:
        def measure(weights: np.ndarray) -> dict[str, float]:
            return {"mean": float((values * weights).sum() / weights.sum())}

        low, high = percentile_intervals(measure, groups, np.zeros(1000, int), 300, n_jobs=1)["mean"]
        return high - low

    assert width(member) > 4 * width(np.arange(1000).astype(object))


def test_a_value_that_is_never_defined_has_no_interval() -> None:
    found = percentile_intervals(
        lambda _: {"none": float("nan")}, np.array(["a", "b"], object), np.zeros(2, int), 10, n_jobs=1
    )
    assert np.isnan(found["none"]).all()
