"""Values of a DICOM dataset, for a reader that expects anything: what is absent or damaged is simply not there."""

import math
from collections.abc import Sequence
from typing import Any

from pydicom.dataset import Dataset


def get_value(dataset: Dataset, keyword: str) -> Any:
    """A value; None where it is absent, empty or damaged."""
    try:
        return dataset.get(keyword)
    except Exception:  # pydicom converts values when they are asked for, with any parser's errors
        return None


def get_items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Items of a sequence; none where it is absent or no sequence."""
    found = get_value(dataset, keyword)
    return list(found) if isinstance(found, Sequence) and all(isinstance(item, Dataset) for item in found) else []


def get_text(dataset: Dataset, keyword: str) -> str:
    """A value as text; empty where it is absent."""
    found = get_value(dataset, keyword)
    return "" if found is None else str(found).strip()


def get_floats(dataset: Dataset, keyword: str) -> list[float]:
    """Finite numbers of a tag; none where any of them is not."""
    found = get_value(dataset, keyword)
    several = isinstance(found, Sequence) and not isinstance(found, str)
    listed = [] if found is None else list(found) if several else [found]
    try:
        parsed = [float(one) for one in listed]
    except (TypeError, ValueError, OverflowError):
        return []
    return parsed if all(math.isfinite(number) for number in parsed) else []


def first_float(datasets: list[Dataset], keyword: str) -> float | None:
    """First number of a tag in the first dataset that tells it."""
    return next((found[0] for dataset in datasets if (found := get_floats(dataset, keyword))), None)


def get_int(dataset: Dataset, keyword: str) -> int | None:
    """First number of a tag as a whole one."""
    found = get_floats(dataset, keyword)
    return int(found[0]) if found else None
