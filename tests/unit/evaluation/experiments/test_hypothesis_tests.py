"""Weigh: arms are held together on the same pictures, and what each seed reached counts as the difference does."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from braintumor.enums import CLASS_NAMES
from braintumor.evaluation.experiments.config import Ablation
from braintumor.evaluation.experiments.hypothesis_tests import compare_ablations
from braintumor.models.recipe import load_recipe
from braintumor.settings import Settings

# Outside pictures by cluster: one of four near copies, and four alone.
CLUSTERS = ["a", "a", "a", "a", "b", "c", "d", "e"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "experiments").mkdir()
    return Settings(outputs=tmp_path)


def _arm(name: str, seeds: tuple[int, ...] = (1,)) -> Ablation:
    return Ablation(name, load_recipe("v1"), seeds)


def _write(settings: Settings, name: str, found: list[bool], *, pictures: str = "old") -> None:
    """Answers to the outside pictures, and a right one to a healthy test scan."""
    said = np.array([["glioma" if one else "notumor"] for one in found] + [["notumor"]])
    table = pd.DataFrame({"set": ["outside"] * 8 + ["test"], "label": ["tumor"] * 8 + ["notumor"]})
    table["path"] = [f"{pictures}/{number}.png" for number in range(9)]
    table["group"] = [*CLUSTERS, "t"]
    table[list(CLASS_NAMES)] = (said == np.array(CLASS_NAMES)).astype(float)
    table.assign(pointed=np.nan).to_csv(settings.outputs / "experiments" / f"{name}.csv", index=False)


def test_a_cluster_of_near_copies_counts_once_in_what_each_seed_reached_too(settings: Settings) -> None:
    _write(settings, "whole-seed1", [True] * 4 + [False] * 4)
    _write(settings, "less-seed1", [False] * 8)
    found = compare_ablations(_arm("whole"), _arm("less"), settings, 10)
    assert found is not None
    assert found["metrics"]["outside_sensitivity"]["value"] == pytest.approx(1 / 5)
    assert found["facts"]["by_seed"]["outside_sensitivity"] == [[0.2], [0.0]]


def test_what_counts_for_no_scan_is_left_out(settings: Settings) -> None:
    for name in ("whole-seed1", "less-seed1"):
        _write(settings, name, [True] * 8)
    found = compare_ablations(_arm("whole"), _arm("less"), settings, 10)
    assert found is not None
    assert "pointing_game" not in found["metrics"]
    assert "tumor_sensitivity" not in found["metrics"]  # there is no tumour among the test scans
    assert found["metrics"]["tumor_specificity"]["value"] == 0.0


def test_seeds_that_saw_other_outside_pictures_are_not_held_together(settings: Settings) -> None:
    for seed in (1, 2):
        _write(settings, f"whole-seed{seed}", [True] * 8)
    _write(settings, "less-seed1", [True] * 8)
    _write(settings, "less-seed2", [True] * 8, pictures="new")
    found = compare_ablations(_arm("whole", (1, 2)), _arm("less", (1, 2)), settings, 10)
    assert found is not None
    assert found["facts"]["seeds"] == 1
    _write(settings, "less-seed1", [True] * 8, pictures="new")
    assert compare_ablations(_arm("whole", (1, 2)), _arm("less", (1, 2)), settings, 10) is None


def test_a_first_seed_on_other_pictures_does_not_cost_the_others(settings: Settings) -> None:
    for arm in ("whole", "less"):
        for seed in (1, 2, 3):
            _write(settings, f"{arm}-seed{seed}", [True] * 8, pictures="old" if seed == 1 else "new")
    found = compare_ablations(_arm("whole", (1, 2, 3)), _arm("less", (1, 2, 3)), settings, 10)
    assert found is not None
    assert found["facts"]["seeds"] == 2
