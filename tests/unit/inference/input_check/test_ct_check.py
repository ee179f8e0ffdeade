"""Head CT is recognized by its ring of bone, whatever its position and size in the picture."""

import numpy as np
import pytest

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import TumorClass
from braintumor.evaluation.calibration.fit_ct import fit_ct_classifier
from braintumor.inference.input_check.ct_check import ct_scores, is_ct
from braintumor.inference.input_check.limits import CTClassifier
from braintumor.inference.input_check.skull_ring import FEATURE_NAMES, skull_ring_features

SIDE = 96


def draw_ct(seed: int) -> np.ndarray:
    """Draw grey brain in a white ring, with another position, size, thickness and brightness for each seed."""
    generator = np.random.default_rng(seed)
    rows, columns = np.indices((SIDE, SIDE))
    y, x = SIDE / 2 + generator.uniform(-4, 4, 2)
    radius = np.hypot((rows - y) / generator.uniform(38, 43), (columns - x) / generator.uniform(30, 40))
    brain = generator.uniform(50, 130) + generator.normal(0, 8, (SIDE, SIDE))
    values = np.where(radius < generator.uniform(0.82, 0.9), brain, np.where(radius < 1, 255, 0))
    return np.clip(values, 0, 255).astype(np.uint8)


def draw_mr(seed: int) -> np.ndarray:
    labels = list(TumorClass)
    return np.asarray(make_phantom(labels[seed % len(labels)], seed, SIDE).pixels)


@pytest.fixture(scope="module")
def classifier() -> CTClassifier:
    training = np.stack([draw(seed) for draw in (draw_ct, draw_mr) for seed in range(30)])
    return fit_ct_classifier(training, np.arange(60) < 30, np.stack([draw_mr(seed) for seed in range(100, 140)]))


def test_new_ct_is_rejected_and_new_mr_is_not(classifier: CTClassifier) -> None:
    ct, mr = (np.stack([draw(seed) for seed in range(1000, 1040)]) for draw in (draw_ct, draw_mr))
    assert (ct_scores(classifier, ct) >= classifier.reject_at).all()
    assert (ct_scores(classifier, mr) >= classifier.reject_at).mean() <= 0.05


def test_limit_is_just_above_the_allowed_share_of_validation_scans(classifier: CTClassifier) -> None:
    scores = ct_scores(classifier, np.stack([draw_mr(seed) for seed in range(100, 140)]))
    assert scores.max() < classifier.reject_at <= np.nextafter(scores.max(), np.inf)


def test_turned_ct_is_still_ct(classifier: CTClassifier) -> None:
    assert all(is_ct(classifier, np.rot90(draw_ct(5), turn)) for turn in range(4))


def test_version_without_classifier_rejects_nothing() -> None:
    assert not is_ct(None, draw_ct(1))


@pytest.mark.parametrize("level", [0, 255])
def test_empty_picture_has_finite_features(level: int) -> None:
    features = skull_ring_features(np.full((SIDE, SIDE), level, np.uint8))
    assert features.shape == (len(FEATURE_NAMES),)
    assert np.isfinite(features).all()
