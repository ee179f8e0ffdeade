"""Shortcut accuracy depends on the features and is measured on held-out groups."""

import numpy as np
import pandas as pd
import pytest

from braintumor.exploration.image_features import IMAGE_FEATURES
from braintumor.exploration.shortcut import measure_all_shortcuts, measure_shortcut


def _table(seed: int = 0, shift: float = 0.0, per_group: int = 4, groups: int = 20) -> pd.DataFrame:
    """Make features of two classes that differ in `mean` by `shift` standard deviations."""
    rng = np.random.default_rng(seed)
    count = 2 * groups * per_group
    table = pd.DataFrame(rng.normal(size=(count, len(IMAGE_FEATURES))), columns=list(IMAGE_FEATURES))
    table["group"] = [f"g{i // per_group}" for i in range(count)]
    table["label"] = np.where(np.arange(count) < count // 2, "glioma", "notumor")
    table["origin"] = np.where(table["label"] == "glioma", "figshare-cheng", "br35h")
    table.loc[table["label"] == "glioma", "mean"] += shift
    return table


def test_predictive_feature_is_named() -> None:
    table = _table(shift=8)
    result = measure_shortcut(table, table["label"])
    assert result["accuracy"]["value"] > 0.95
    assert result["strongest"][0] == "mean"
    assert result["chance"] == 0.5
    assert result["accuracy"]["n"] == 160
    assert result["accuracy"]["groups"] == 40


def test_uninformative_features_give_chance_accuracy() -> None:
    table = _table(seed=1)
    result = measure_shortcut(table, table["label"])
    assert result["accuracy"]["low"] <= 0.5 <= result["accuracy"]["high"]


def test_groups_are_not_split_between_folds() -> None:
    """Features identify each group and labels are random, so split groups would give nearly perfect accuracy."""
    rng = np.random.default_rng(3)
    table = _table(per_group=10, groups=15)
    labels = rng.permutation(np.repeat(["glioma", "notumor"], 15))
    table["label"] = np.repeat(labels, 10)
    for name in IMAGE_FEATURES:
        table[name] = np.repeat(rng.normal(size=30), 10)
    assert measure_shortcut(table, table["label"])["accuracy"]["value"] < 0.75


def test_accuracies_are_inside_their_intervals() -> None:
    table = _table(shift=2).drop(index=range(100, 140))
    result = measure_shortcut(table, table["label"])
    for name in ("accuracy", "balanced_accuracy"):
        assert 0 <= result[name]["low"] <= result[name]["value"] <= result[name]["high"] <= 1


def test_result_is_deterministic() -> None:
    table = _table(shift=1)
    assert measure_shortcut(table, table["label"]) == measure_shortcut(table, table["label"])


def test_untestable_target_has_a_reason() -> None:
    table = _table()
    assert "two classes" in measure_shortcut(table, pd.Series("phantom", table.index))["reason"]
    single_group = table["label"].where(table["group"] != "g0", "pituitary")
    assert "two groups" in measure_shortcut(table, single_group)["reason"]


def test_four_targets_are_measured() -> None:
    result = measure_all_shortcuts(_table(shift=3))
    assert set(result) == {"class", "tumor", "origin", "kind"}
    assert result["class"]["accuracy"]["value"] == pytest.approx(result["tumor"]["accuracy"]["value"])
    assert result["kind"]["origin"] == "figshare-cheng"
    assert "reason" in result["kind"]
