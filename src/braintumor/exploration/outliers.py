"""Images out of place: those of which some fact lies far from what is usual in their class."""

from collections.abc import Hashable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from braintumor.exploration.facts import FACTS
from braintumor.vocabulary import TumorClass

# Standard deviations from the median of the class; far beyond what chance gives a few thousand images of any shape.
FAR: Final = 6.0
COLUMNS: Final = ("path", "label", "origin", "fact", "value", "usual", "deviations")


def outliers(table: pd.DataFrame) -> pd.DataFrame:
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
    values = table[list(FACTS)]
    by_class = values.groupby(table["label"])
    usual, spread = by_class.transform("median"), by_class.transform("std")
    away = ((values - usual).abs() / spread.where(spread > 0)).fillna(0.0).to_numpy()
    rows, furthest = np.arange(len(table)), away.argmax(axis=1) if len(table) else np.zeros(0, int)
    found = table[["path", "label", "origin"]].assign(
        fact=[list(FACTS)[number] for number in furthest],
        value=values.to_numpy()[rows, furthest],
        usual=usual.to_numpy()[rows, furthest],
        deviations=away[rows, furthest],
    )
    found = found[found["deviations"] >= FAR]
    return found.sort_values(["deviations", "path"], ascending=[False, True], ignore_index=True)


def outliers_sentence(found: pd.DataFrame, images: int) -> str:
    """How many images are out of place, and the one that is most."""
    if found.empty:
        return f"None of {images:,} images lies {FAR:g} standard deviations or more from the median of its class."
    first = found.iloc[0].to_dict()
    return (
        f"Of {images:,} images, {len(found):,} lie {FAR:g} standard deviations or more from the median of their class "
        f"in some fact. Furthest is {first['path'].rpartition('/')[2]} ({TumorClass(first['label']).title.lower()}): "
        f"{reason(first)}."
    )


def reason(row: Mapping[Hashable, Any]) -> str:
    """What is unusual in a row of `outliers`, such as `aspect (width over height) is 1.22, usually 1`."""
    meaning = f"{row['fact']} ({FACTS[row['fact']]})"
    return f"{meaning} is {_number(row['value'])}, usually {_number(row['usual'])}"


def _number(value: float) -> str:
    return "nearly 0" if 0 < abs(value) < 0.001 else f"{value:.3g}"
