"""Ensemble weights maximize the likelihood of the validation labels."""

import numpy as np
import pytest
from scipy.special import log_softmax

from braintumor.enums import NO_TUMOR_INDEX, Task
from braintumor.training.ensemble_weights import fit_member_weights

COUNT = 400


def _members(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return logits of an overconfident member, an independent one and a noisy copy of the first, and labels."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(4, size=COUNT)
    one_hot = np.eye(4)[labels]
    noise = generator.normal(size=(3, COUNT, 4))
    first = 1.2 * one_hot + noise[0]
    return np.stack([5 * first, one_hot + noise[1], first + 2 * noise[2]]), labels


def _loss(logits: np.ndarray, labels: np.ndarray) -> float:
    return -float(log_softmax(logits, axis=1)[np.arange(COUNT), labels].mean())


def test_weights_sum_to_one_and_redundant_member_gets_almost_none() -> None:
    logits, labels = _members()
    fitted = fit_member_weights(logits, labels, Task.FOUR_CLASS, weighted=True)
    assert sum(fitted.weights) == pytest.approx(1.0)
    assert min(fitted.weights[:2]) > 0.3
    assert 0 <= fitted.weights[2] < 0.1


def test_no_other_weights_have_a_lower_loss() -> None:
    logits, labels = _members()
    fitted = fit_member_weights(logits, labels, Task.FOUR_CLASS, weighted=True)
    scaled = logits / np.array(fitted.temperatures)[:, None, None]
    for weights in np.random.default_rng(1).dirichlet(np.ones(3), 40):
        tried = np.tensordot(weights, scaled, 1)
        best = min(_loss(tried / t, labels) for t in np.geomspace(0.1, 10, 60))
        assert fitted.losses["weighted"] <= best + 1e-9
    assert fitted.losses["weighted"] <= min(fitted.losses["equal"], *fitted.member_losses)


def test_overconfident_member_gets_a_higher_temperature() -> None:
    fitted = fit_member_weights(*_members(), Task.FOUR_CLASS, weighted=True)
    assert fitted.temperatures[0] > 3 * fitted.temperatures[1]


def test_unweighted_members_are_equal() -> None:
    assert fit_member_weights(*_members(), Task.FOUR_CLASS, weighted=False).weights == pytest.approx([1 / 3] * 3)


def test_binary_fit_ignores_the_tumour_type() -> None:
    logits, labels = _members()
    fitted = fit_member_weights(logits, labels, Task.BINARY, weighted=True)
    binary_labels = np.where(labels == NO_TUMOR_INDEX, labels, 4)  # tumour of unknown type
    assert fit_member_weights(logits, binary_labels, Task.BINARY, weighted=True) == fitted


def test_perfect_members_get_finite_weights() -> None:
    labels = np.arange(COUNT) % 4
    fitted = fit_member_weights(np.stack([9 * np.eye(4)[labels]] * 2), labels, Task.FOUR_CLASS, weighted=True)
    assert fitted.weights == pytest.approx([0.5, 0.5])
