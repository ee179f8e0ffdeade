"""Ablations are compared on common scans, with near-duplicate clusters counted once."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from braintumor.enums import CLASS_NAMES
from braintumor.evaluation.experiments.config import Ablation
from braintumor.evaluation.experiments.run_comparison import compare_ablations
from braintumor.models.recipe import load_recipe
from braintumor.settings import Settings

# External images by cluster: one cluster of four near-duplicates, and four single images.
CLUSTERS = ["a", "a", "a", "a", "b", "c", "d", "e"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "experiments").mkdir()
    return Settings(outputs=tmp_path)


def _ablation(name: str, seeds: tuple[int, ...] = (1,)) -> Ablation:
    return Ablation(name, load_recipe("v1"), seeds)


def _write(settings: Settings, name: str, is_detected: list[bool], *, images: str = "old") -> None:
    """Write predictions of the external images, and a correct one of a tumour-free test scan."""
    predicted = np.array([["glioma" if detected else "notumor"] for detected in is_detected] + [["notumor"]])
    table = pd.DataFrame({"set": ["external"] * 8 + ["test"], "label": ["tumor"] * 8 + ["notumor"]})
    table["path"] = [f"{images}/{number}.png" for number in range(9)]
    table["group"] = [*CLUSTERS, "t"]
    table[list(CLASS_NAMES)] = (predicted == np.array(CLASS_NAMES)).astype(float)
    table.assign(pointed=np.nan).to_csv(settings.outputs / "experiments" / f"{name}.csv.gz", index=False)


def test_cluster_counts_once_in_every_seed(settings: Settings) -> None:
    _write(settings, "baseline-seed1", [True] * 4 + [False] * 4)
    _write(settings, "less-seed1", [False] * 8)
    result = compare_ablations(_ablation("baseline"), _ablation("less"), settings, 10)
    assert result is not None
    assert result["metrics"]["external_sensitivity"]["value"] == pytest.approx(1 / 5)
    assert result["facts"]["by_seed"]["external_sensitivity"] == [[0.2], [0.0]]


def test_metric_without_scans_is_omitted(settings: Settings) -> None:
    for name in ("baseline-seed1", "less-seed1"):
        _write(settings, name, [True] * 8)
    result = compare_ablations(_ablation("baseline"), _ablation("less"), settings, 10)
    assert result is not None
    assert "pointing_game" not in result["metrics"]
    assert "tumor_sensitivity" not in result["metrics"]  # there is no tumour among the test scans
    assert result["metrics"]["tumor_specificity"]["value"] == 0.0


def test_seeds_with_other_external_images_are_not_compared(settings: Settings) -> None:
    for seed in (1, 2):
        _write(settings, f"baseline-seed{seed}", [True] * 8)
    _write(settings, "less-seed1", [True] * 8)
    _write(settings, "less-seed2", [True] * 8, images="new")
    result = compare_ablations(_ablation("baseline", (1, 2)), _ablation("less", (1, 2)), settings, 10)
    assert result is not None
    assert result["facts"]["seeds"] == 1
    _write(settings, "less-seed1", [True] * 8, images="new")
    assert compare_ablations(_ablation("baseline", (1, 2)), _ablation("less", (1, 2)), settings, 10) is None


def test_first_seed_with_other_images_does_not_exclude_the_rest(settings: Settings) -> None:
    for name in ("baseline", "less"):
        for seed in (1, 2, 3):
            _write(settings, f"{name}-seed{seed}", [True] * 8, images="old" if seed == 1 else "new")
    result = compare_ablations(_ablation("baseline", (1, 2, 3)), _ablation("less", (1, 2, 3)), settings, 10)
    assert result is not None
    assert result["facts"]["seeds"] == 2
