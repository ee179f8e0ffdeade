"""Out-of-distribution reference: training-like scans are near, others far, and its CSV restores it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from braintumor.evaluation.calibration.fit_ood import REJECTION_MARGIN, UNUSUAL_RATE, fit_ood_reference, ood_card_entry
from braintumor.inference.input_check.limits import OODLimits
from braintumor.inference.input_check.ood import THUMBNAIL_SIDE, OODReference, feature_vector

MIXING = np.random.default_rng(0).normal(size=(6, 30))


def _scans(seed: int, count: int) -> np.ndarray:
    """Draw feature vectors that vary along 6 of 30 directions, with a little noise."""
    generator = np.random.default_rng(seed)
    return generator.normal(size=(count, 6)) @ MIXING + 0.1 * generator.normal(size=(count, 30)) + 5.0


@pytest.fixture(scope="module")
def fitted() -> OODReference:
    return fit_ood_reference(_scans(1, 600), _scans(2, 400))


def test_new_scans_are_near_and_rarely_unusual_or_rejected(fitted):
    distances = fitted.distances(_scans(3, 2000))
    assert distances.mean() == pytest.approx(1.0, abs=0.15)
    assert (distances >= fitted.unusual_at).mean() <= 2 * UNUSUAL_RATE
    assert (distances >= fitted.reject_at).mean() <= 0.01
    assert fitted.unusual_at < fitted.reject_at


@pytest.mark.parametrize("name", ["off the axes", "far along them", "nothing at all"])
def test_other_feature_vectors_are_far(fitted, name):
    rows = {
        "off the axes": _scans(4, 200) + 3 * np.random.default_rng(5).normal(size=(200, 30)),
        "far along them": 5.0 + 8 * (_scans(4, 200) - 5.0),
        "nothing at all": np.zeros((3, 30)) - 50,
    }[name]
    assert (fitted.distances(rows) >= fitted.reject_at).mean() > 0.95


def test_limits_are_quantiles_of_the_validation_scans(fitted):
    distances = np.sort(fitted.distances(_scans(2, 400)))
    assert (distances >= fitted.unusual_at).mean() == pytest.approx(UNUSUAL_RATE, abs=0.005)
    assert fitted.reject_at / REJECTION_MARGIN == pytest.approx(distances[-2], rel=0.1)


def test_reference_is_restored_from_csv_and_card(fitted):
    entry = ood_card_entry(fitted, 400)
    again = OODReference.from_csv(fitted.to_csv().encode(), OODLimits(**entry))
    rows = _scans(6, 50)
    np.testing.assert_allclose(again.distances(rows), fitted.distances(rows), rtol=1e-3)
    assert (again.unusual_at, again.reject_at, again.residual) == (fitted.unusual_at, fitted.reject_at, fitted.residual)
    assert "400 validation images" in entry["chosen"]
    assert set(fitted.to_csv()) <= set("0123456789.,-+e\n"), "numbers only"


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(4, 40), constant=st.integers(0, 29))
def test_distances_are_finite_for_few_scans_and_constant_features(seed, count, constant):
    training = _scans(seed, count)
    training[:, constant] = 7.0
    distances = fit_ood_reference(training, _scans(seed + 1, 10)).distances(_scans(seed + 2, 10))
    assert np.isfinite(distances).all()
    assert (distances >= 0).all()


def test_feature_vector_joins_features_and_a_thumbnail():
    model_inputs = np.zeros((2, 43, 57), np.uint8)
    model_inputs[1, :4, :5] = 255  # the first of ten by ten cells
    rows = feature_vector(np.array([[1.0, 2.0], [3.0, 4.0]], np.float32), model_inputs)
    assert rows.shape == (2, 2 + THUMBNAIL_SIDE**2)
    np.testing.assert_array_equal(rows[:, :2], [[1, 2], [3, 4]])
    assert rows[1, 2] == 1.0
    assert rows[1, 3:].sum() == rows[0, 2:].sum() == 0
