"""Images out of place: those of which some fact lies far from what is usual in their class."""

from collections.abc import Hashable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from braintumor.enums import TumorClass
from braintumor.exploration.image_features import IMAGE_FEATURES

# Standard deviations from the median of the class; far beyond what chance gives a few thousand images of any shape.
OUTLIER_DEVIATIONS: Final = 6.0
OUTLIER_COLUMNS: Final = ("path", "label", "origin", "fact", "value", "usual", "deviations")


def find_outliers(features: pd.DataFrame) -> pd.DataFrame:
    """The images that are furthest from their class in some fact, furthest first.

    Parameters
    ----------
    table : DataFrame
        The facts joined with the manifest: the keys of `FACTS`, and `path`, `label`, `origin`.

    Returns
    -------
    DataFrame
        `path`, `label`, `origin`; `fact`, the one that is furthest off, its `value` and the median of the class
        (`usual`), and how many standard deviations of the class lie between (`deviations`, at least `FAR`).
    """
    values = features[list(IMAGE_FEATURES)]
    by_class = values.groupby(features["label"])
    usual, spread = by_class.transform("median"), by_class.transform("std")
    away = ((values - usual).abs() / spread.where(spread > 0)).fillna(0.0).to_numpy()
    rows, furthest = np.arange(len(features)), away.argmax(axis=1) if len(features) else np.zeros(0, int)
    found = features[["path", "label", "origin"]].assign(
        fact=[list(IMAGE_FEATURES)[number] for number in furthest],
        value=values.to_numpy()[rows, furthest],
        usual=usual.to_numpy()[rows, furthest],
        deviations=away[rows, furthest],
    )
    found = found[found["deviations"] >= OUTLIER_DEVIATIONS]
    return found.sort_values(["deviations", "path"], ascending=[False, True], ignore_index=True)


def summarize_outliers(outlier_table: pd.DataFrame, image_count: int) -> str:
    """How many images are out of place, and the one that is most."""
    if outlier_table.empty:
        return f"None of {image_count:,} images lies {OUTLIER_DEVIATIONS:g} standard deviations or more from the median of its class."
    first = outlier_table.iloc[0].to_dict()
    return (
        f"Of {image_count:,} images, {len(outlier_table):,} lie {OUTLIER_DEVIATIONS:g} standard deviations or more from the median of their class "
        f"in some fact. Furthest is {first['path'].rpartition('/')[2]} ({TumorClass(first['label']).title.lower()}): "
        f"{describe_outlier(first)}."
    )


def describe_outlier(outlier: Mapping[Hashable, Any]) -> str:
    """What is unusual in a row of `outliers`, such as `aspect (width over height) is 1.22, usually 1`."""
    meaning = f"{outlier['fact']} ({IMAGE_FEATURES[outlier['fact']]})"
    return f"{meaning} is {_format_number(outlier['value'])}, usually {_format_number(outlier['usual'])}"


def _format_number(value: float) -> str:
    return "nearly 0" if 0 < abs(value) < 0.001 else f"{value:.3g}"
