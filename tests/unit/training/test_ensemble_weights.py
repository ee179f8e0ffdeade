"""Weights of an ensemble are those under which the validation labels are likeliest."""

import numpy as np
import pytest
from scipy.special import log_softmax

from braintumor.enums import NO_TUMOR_INDEX, Task
from braintumor.training.ensemble_weights import fit_member_weights

COUNT = 400


def _members(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits of one that is too sure, of one that knows other things, and of one that garbles the first; labels."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(4, size=COUNT)
    known = np.eye(4)[labels]
    noise = generator.normal(size=(3, COUNT, 4))
    first = 1.2 * known + noise[0]
    return np.stack([5 * first, known + noise[1], first + 2 * noise[2]]), labels


def _loss(logits: np.ndarray, labels: np.ndarray) -> float:
    return -float(log_softmax(logits, axis=1)[np.arange(COUNT), labels].mean())


def test_weights_add_up_to_one_and_who_adds_nothing_has_next_to_nothing_to_say() -> None:
    logits, labels = _members()
    shares = fit_member_weights(logits, labels, Task.FOUR_CLASS, weighted=True)
    assert sum(shares.weights) == pytest.approx(1.0)
    assert min(shares.weights[:2]) > 0.3
    assert 0 <= shares.weights[2] < 0.1


def test_no_other_weights_make_the_labels_likelier() -> None:
    logits, labels = _members()
    shares = fit_member_weights(logits, labels, Task.FOUR_CLASS, weighted=True)
    scaled = logits / np.array(shares.temperatures)[:, None, None]
    for weights in np.random.default_rng(1).dirichlet(np.ones(3), 40):
        tried = np.tensordot(weights, scaled, 1)
        best = min(_loss(tried / t, labels) for t in np.geomspace(0.1, 10, 60))
        assert shares.losses["weighted"] <= best + 1e-9
    assert shares.losses["weighted"] <= min(shares.losses["equal"], *shares.member_losses)


def test_a_member_that_is_too_sure_gets_a_higher_temperature() -> None:
    shares = fit_member_weights(*_members(), Task.FOUR_CLASS, weighted=True)
    assert shares.temperatures[0] > 3 * shares.temperatures[1]


def test_unweighted_all_count_alike() -> None:
    assert fit_member_weights(*_members(), Task.FOUR_CLASS, weighted=False).weights == pytest.approx([1 / 3] * 3)


def test_of_tumour_or_none_it_is_no_matter_which_kind_was_meant() -> None:
    logits, labels = _members()
    shares = fit_member_weights(logits, labels, Task.BINARY, weighted=True)
    moved = np.where(labels == NO_TUMOR_INDEX, labels, 4)  # somebody said tumour and no more
    assert fit_member_weights(logits, moved, Task.BINARY, weighted=True) == shares


def test_where_nobody_errs_the_weights_are_still_numbers() -> None:
    labels = np.arange(COUNT) % 4
    shares = fit_member_weights(np.stack([9 * np.eye(4)[labels]] * 2), labels, Task.FOUR_CLASS, weighted=True)
    assert shares.weights == pytest.approx([0.5, 0.5])
