"""Effect sizes and differences have intervals that account for groups and for the number of pixels."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from braintumor.results.effect_size import ClassAverage, max_cohens_d, subtract_estimates
from braintumor.results.hypotheses import TARGET_EFFECT
from braintumor.results.hypothesis_status import HypothesisResult, HypothesisStatus
from braintumor.results.metric import Metric

SHARES = st.tuples(*[st.floats(0, 1)] * 3).map(sorted).map(lambda s: Metric(s[1], (s[0], s[2])))


def _image(grey: float, spread: float, groups: int = 60, images: int = 1000) -> ClassAverage:
    return ClassAverage(np.full((8, 8), grey), np.full((8, 8), spread), images, groups)


@given(SHARES, SHARES)
def test_difference_is_antisymmetric_and_inside_its_interval(a: Metric, b: Metric) -> None:
    difference, reverse = subtract_estimates(a, b), subtract_estimates(b, a)
    assert difference.interval is not None
    assert reverse.interval is not None
    assert difference.interval[0] <= difference.value <= difference.interval[1]
    assert difference.interval == pytest.approx((-reverse.interval[1], -reverse.interval[0]))


def test_interval_of_a_difference_adds_independent_errors() -> None:
    difference = subtract_estimates(Metric(0.9, (0.87, 0.93)), Metric(0.8, (0.76, 0.84)))
    assert difference.value == pytest.approx(0.1)
    assert difference.interval == pytest.approx((0.05, 0.15))


def test_effect_is_the_difference_in_standard_deviations() -> None:
    effect = max_cohens_d(_image(0.6, 0.1), _image(0.4, 0.1))
    assert effect.value == pytest.approx(2.0)
    assert effect.interval is not None
    assert effect.interval[0] < 2.0 < effect.interval[1]
    assert (effect.n, effect.groups) == (2000, 120)


def test_effect_over_more_pixels_has_a_wider_interval() -> None:
    few = max_cohens_d(_image(0.6, 0.1), _image(0.4, 0.1))
    big = [ClassAverage(np.full((64, 64), grey), np.full((64, 64), 0.1), 1000, 60) for grey in (0.6, 0.4)]
    many = max_cohens_d(*big)
    assert few.interval is not None
    assert many.interval is not None
    assert many.interval[0] < few.interval[0]


def test_pixels_without_variation_have_no_effect() -> None:
    effect = max_cohens_d(_image(0.9, 0.0), _image(0.1, 0.0))
    assert effect.value == 0.0
    assert HypothesisResult("x", effect, TARGET_EFFECT, "plain").status is HypothesisStatus.NOT_SUPPORTED


def test_interval_width_depends_on_groups_not_images() -> None:
    widths = []
    for groups in (20, 200):
        effect = max_cohens_d(_image(0.5, 0.1, groups), _image(0.4, 0.1, groups))
        assert effect.interval is not None
        widths.append(effect.interval[1] - effect.value)
    assert widths[0] / widths[1] == pytest.approx(math.sqrt(10))
