"""The domain probe finds informative features, and is at chance for features that only identify a group."""

import numpy as np

from braintumor.evaluation.stress_test.domain_probe import probe_auc


def _area(values: np.ndarray, truth: np.ndarray, groups: np.ndarray) -> float:
    return float(probe_auc(values, truth, groups, 10)["value"] or 0.0)


def test_informative_features_are_detected() -> None:
    generator = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 5)
    truth = groups % 2 == 0
    features = generator.normal(size=(200, 6)) + 2.0 * truth[:, None]
    assert _area(features, truth, groups.astype(str).astype(object)) > 0.95


def test_group_identity_alone_is_at_chance() -> None:
    generator = np.random.default_rng(1)
    groups = np.repeat(np.arange(40), 5)
    truth = groups % 2 == 0
    group_features = np.eye(40)[groups] + 0.01 * generator.normal(size=(200, 40))
    assert abs(_area(group_features, truth, groups.astype(str).astype(object)) - 0.5) < 0.25
