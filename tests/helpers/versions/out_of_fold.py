"""Manifests of phantoms from the Kaggle set and two external sources, and out-of-fold outputs for the latter."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from braintumor.datasets.external.manifest import EXTERNAL_COLUMNS, write_external_manifest
from braintumor.datasets.manifest import MANIFEST_COLUMNS
from braintumor.enums import CLASS_NAMES
from braintumor.evaluation.calibration.out_of_fold import LOGIT_COLUMNS
from braintumor.settings import Settings

SPLITS = ("train", "validation", "test")


def external_rows(count: int = 36) -> list[dict[str, Any]]:
    """Return slices of two sources, half of them with a glioma, in all splits."""
    return [
        {
            "path": f"{origin}/images/{i}.png", "origin": origin, "label": ("glioma", "notumor")[i % 2], "width": 8,
            "height": 8, "group": f"{origin}/p{i // 2}", "patient": f"p{i // 2}", "split": SPLITS[i // 2 % 3],
            "plane": "axial", "contrast": "T1", "licence": "CC0-1.0", "has_mask": False, "sha256": f"{origin}{i}",
            "mode": "L",
        }
        for origin in ("btp_t1c", "lgg_other") for i in range(count)
    ]  # fmt: skip


def write_manifests(settings: Settings, rows: Sequence[dict[str, Any]]) -> None:
    """Write the manifest of external slices, and one of the Kaggle set without images."""
    write_external_manifest(pd.DataFrame(rows, columns=list(EXTERNAL_COLUMNS), dtype=object).fillna(""), settings)
    pd.DataFrame(columns=list(MANIFEST_COLUMNS)).to_csv(settings.dataset_outputs / "manifest.csv", index=False)


def out_of_fold(rows: Sequence[dict[str, Any]], log_odds: Sequence[float]) -> pd.DataFrame:
    """Return the table of out-of-fold outputs with these tumour log-odds."""
    table = pd.DataFrame(rows)[["path", "origin", "plane", "contrast", "group", "label"]]
    table["path"] = "external/" + table["path"]
    table = table.assign(fold=1 + (table["origin"] == "lgg_other"), is_left_out=True)
    table[list(LOGIT_COLUMNS)] = 0.0
    table[f"logit_{CLASS_NAMES[0]}"] = np.asarray(log_odds, float)
    return table.assign(mask_log_odds=np.asarray(log_odds, float), ood_distance=0.5, ood_unusual_at=0.8)
