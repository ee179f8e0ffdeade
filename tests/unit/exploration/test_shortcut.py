"""The shortcut is as large as the facts allow, never measured on a group it was fitted to."""

import numpy as np
import pandas as pd
import pytest

from braintumor.exploration.image_features import IMAGE_FEATURES
from braintumor.exploration.shortcut import measure_all_shortcuts, measure_shortcut


def _table(seed: int = 0, telling: float = 0.0, per_group: int = 4, groups: int = 20) -> pd.DataFrame:
    """Facts of two classes that differ in `mean` by `telling` standard deviations."""
    rng = np.random.default_rng(seed)
    count = 2 * groups * per_group
    table = pd.DataFrame(rng.normal(size=(count, len(IMAGE_FEATURES))), columns=list(IMAGE_FEATURES))
    table["group"] = [f"g{i // per_group}" for i in range(count)]
    table["label"] = np.where(np.arange(count) < count // 2, "glioma", "notumor")
    table["origin"] = np.where(table["label"] == "glioma", "figshare-cheng", "br35h")
    table.loc[table["label"] == "glioma", "mean"] += telling
    return table


def test_facts_that_tell_are_found_and_named() -> None:
    table = _table(telling=8)
    found = measure_shortcut(table, table["label"])
    assert found["accuracy"]["value"] > 0.95
    assert found["strongest"][0] == "mean"
    assert found["chance"] == 0.5
    assert found["accuracy"]["n"] == 160
    assert found["accuracy"]["groups"] == 40


def test_facts_that_tell_nothing_give_chance_within_the_interval() -> None:
    table = _table(seed=1)
    found = measure_shortcut(table, table["label"])
    assert found["accuracy"]["low"] <= 0.5 <= found["accuracy"]["high"]


def test_a_group_never_helps_to_guess_itself() -> None:
    """Each group has a fact of its own, and its label by lot: a split through groups would guess nearly all."""
    rng = np.random.default_rng(3)
    table = _table(per_group=10, groups=15)
    labels = rng.permutation(np.repeat(["glioma", "notumor"], 15))
    table["label"] = np.repeat(labels, 10)
    for fact in IMAGE_FEATURES:
        table[fact] = np.repeat(rng.normal(size=30), 10)
    assert measure_shortcut(table, table["label"])["accuracy"]["value"] < 0.75


def test_balanced_accuracy_and_intervals_are_in_order() -> None:
    table = _table(telling=2).drop(index=range(100, 140))
    found = measure_shortcut(table, table["label"])
    for name in ("accuracy", "balanced_accuracy"):
        assert 0 <= found[name]["low"] <= found[name]["value"] <= found[name]["high"] <= 1


def test_the_same_table_gives_the_same_numbers() -> None:
    table = _table(telling=1)
    assert measure_shortcut(table, table["label"]) == measure_shortcut(table, table["label"])


def test_a_question_with_one_answer_gives_its_reason() -> None:
    table = _table()
    assert "two answers" in measure_shortcut(table, pd.Series("phantom", table.index))["reason"]
    lonely = table["label"].where(table["group"] != "g0", "pituitary")
    assert "two groups" in measure_shortcut(table, lonely)["reason"]


def test_four_questions_are_asked() -> None:
    found = measure_all_shortcuts(_table(telling=3))
    assert set(found) == {"class", "tumor", "origin", "kind"}
    assert found["class"]["accuracy"]["value"] == pytest.approx(found["tumor"]["accuracy"]["value"])
    assert found["kind"]["origin"] == "figshare-cheng"
    assert "reason" in found["kind"]
