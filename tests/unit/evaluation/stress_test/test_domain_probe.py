"""Origin: read where features tell it, chance where they do not, and never from scans of the same group."""

import numpy as np

from braintumor.evaluation.stress_test.domain_probe import probe_auc


def _area(values: np.ndarray, truth: np.ndarray, groups: np.ndarray) -> float:
    return float(probe_auc(values, truth, groups, 10)["value"] or 0.0)


def test_what_features_tell_is_read() -> None:
    generator = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 5)
    truth = groups % 2 == 0
    told = generator.normal(size=(200, 6)) + 2.0 * truth[:, None]
    assert _area(told, truth, groups.astype(str).astype(object)) > 0.95


def test_what_only_names_the_group_is_not_read() -> None:
    generator = np.random.default_rng(1)
    groups = np.repeat(np.arange(40), 5)
    truth = groups % 2 == 0
    names = np.eye(40)[groups] + 0.01 * generator.normal(size=(200, 40))
    assert abs(_area(names, truth, groups.astype(str).astype(object)) - 0.5) < 0.25
