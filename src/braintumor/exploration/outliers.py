"""Find outliers: images with a feature far from the median of their class."""

from collections.abc import Hashable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from braintumor.enums import TumorClass
from braintumor.exploration.image_features import IMAGE_FEATURES

# Standard deviations from the class median. Among a few thousand images, chance alone rarely reaches this.
OUTLIER_DEVIATIONS: Final = 6.0
OUTLIER_COLUMNS: Final = ("path", "label", "origin", "fact", "value", "usual", "deviations")


def find_outliers(features: pd.DataFrame) -> pd.DataFrame:
    """Find images with an outlying feature, most extreme first.

    Parameters
    ----------
    features : DataFrame
        Image features joined with the manifest: the keys of `IMAGE_FEATURES`, and `path`, `label`, `origin`.

    Returns
    -------
    DataFrame
        `path`, `label`, `origin`; `fact`, the most outlying feature; its `value`; the class median (`usual`); and the
        distance in standard deviations of the class (`deviations`, at least `OUTLIER_DEVIATIONS`).
    """
    values = features[list(IMAGE_FEATURES)]
    by_class = values.groupby(features["label"])
    medians, spread = by_class.transform("median"), by_class.transform("std")
    deviations = ((values - medians).abs() / spread.where(spread > 0)).fillna(0.0).to_numpy()
    rows, furthest = np.arange(len(features)), deviations.argmax(axis=1) if len(features) else np.zeros(0, int)
    outlier_table = features[["path", "label", "origin"]].assign(
        fact=[list(IMAGE_FEATURES)[number] for number in furthest],
        value=values.to_numpy()[rows, furthest],
        usual=medians.to_numpy()[rows, furthest],
        deviations=deviations[rows, furthest],
    )
    outlier_table = outlier_table[outlier_table["deviations"] >= OUTLIER_DEVIATIONS]
    return outlier_table.sort_values(["deviations", "path"], ascending=[False, True], ignore_index=True)


def summarize_outliers(outlier_table: pd.DataFrame, image_count: int) -> str:
    """Summarize the number of outliers and the most extreme one."""
    limit = f"{OUTLIER_DEVIATIONS:g} standard deviations or more from the median of"
    if outlier_table.empty:
        return f"None of {image_count:,} images lies {limit} its class."
    first = outlier_table.iloc[0].to_dict()
    name, title = first["path"].rpartition("/")[2], TumorClass(first["label"]).title.lower()
    return (
        f"Of {image_count:,} images, {len(outlier_table):,} lie {limit} their class in some feature. The most "
        f"extreme is {name} ({title}): {describe_outlier(first)}."
    )


def describe_outlier(outlier: Mapping[Hashable, Any]) -> str:
    """Describe a row of `find_outliers`, such as `aspect (width over height) is 1.22, class median 1`."""
    meaning = f"{outlier['fact']} ({IMAGE_FEATURES[outlier['fact']]})"
    return f"{meaning} is {_format_number(outlier['value'])}, class median {_format_number(outlier['usual'])}"


def _format_number(value: float) -> str:
    return "almost 0" if 0 < abs(value) < 0.001 else f"{value:.3g}"
