"""What `exploration.json` says of the maps and tables: plain numbers for pages, notebooks and hypotheses."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.exploration.effect_size import FDR_LEVELS
from braintumor.exploration.statistics import Meta
from braintumor.exploration.tumours import TUMOR_FEATURES


def tabulate_effects(arrays: dict[str, NDArray], meta: Meta) -> dict[str, Any]:
    """For each pair and plane: groups on each side, the share of the frame that differs, the largest effect."""
    report = {}
    for key in sorted(k for k in arrays if k.startswith("effect/")):
        _, a, b, plane = key.split("/")
        size, passed = arrays[key], arrays[key.replace("effect/", "significance/")]
        report[f"{a}/{b}/{plane}"] = {
            "groups": [meta.groups[a][plane], meta.groups[b][plane]],
            "share_significant": {str(level): float((passed > i).mean()) for i, level in enumerate(FDR_LEVELS)},
            "largest": float(np.abs(size).max()),
        }
    return report


def tabulate_tumors(tumors: pd.DataFrame) -> dict[str, Any]:
    """For each class: quartiles of each measure, the number of tumours and of independent groups."""
    found = compute_quartiles(tumors, TUMOR_FEATURES)
    for label, part in tumors.groupby("label"):
        found[str(label)] |= {"n": len(part), "groups": int(part["group"].nunique())}
    return found


def compute_quartiles(features: pd.DataFrame, names: dict[str, str]) -> dict[str, Any]:
    """Quartiles of each column by label."""
    return {
        str(label): {
            name: dict(zip(("q25", "median", "q75"), np.percentile(part[name], [25, 50, 75]).tolist(), strict=True))
            for name in names
        }
        for label, part in features.groupby("label")
    }


def round_floats(value: Any) -> Any:
    """Numbers to six significant digits, so that a file differs only where the data does."""
    if isinstance(value, dict):
        return {key: round_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [round_floats(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
