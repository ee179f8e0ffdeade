"""Values of a DICOM dataset, tolerant of missing and damaged ones."""

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, TypeVar

from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from braintumor.imaging.dicom.allowed_tags import PRIVATE_BLOCK_STARTS, PRIVATE_BLOCKS

_T = TypeVar("_T")


def get_value(dataset: Dataset, keyword: str) -> Any:
    """Return a value; None if it is absent, empty or damaged."""
    return _element_value(dataset, _to_tag(keyword))


def get_items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; empty if it is absent or not a sequence."""
    value = get_value(dataset, keyword)
    return list(value) if isinstance(value, Sequence) and all(isinstance(item, Dataset) for item in value) else []


def get_text(dataset: Dataset, keyword: str) -> str:
    """Return a value as text; empty if it is absent."""
    value = get_value(dataset, keyword)
    return "" if value is None else str(value).strip()


def get_words(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """Return the values of a tag in upper case, with spaces for underscores."""
    value = get_value(dataset, keyword)
    values = () if value is None else [value] if isinstance(value, str) else value
    return tuple(str(word).strip().upper().replace("_", " ") for word in values) if isinstance(values, Iterable) else ()


def get_floats(dataset: Dataset, keyword: str) -> list[float]:
    """Return the numbers of a tag; empty if any of them is not a finite number."""
    return _to_floats(get_value(dataset, keyword))


def first_float(datasets: Iterable[Dataset], keyword: str) -> float | None:
    """Return the first number of a tag, from the first dataset that has it."""
    numbers = first_result(datasets, lambda dataset: get_floats(dataset, keyword))
    return numbers[0] if numbers else None


def get_int(dataset: Dataset, keyword: str) -> int | None:
    """Return the first number of a tag as an integer."""
    numbers = get_floats(dataset, keyword)
    return int(numbers[0]) if numbers else None


def first_result(datasets: Iterable[Dataset], parse: Callable[[Dataset], _T | None]) -> _T | None:
    """Return the first result that is not empty."""
    return next((value for dataset in datasets if (value := parse(dataset))), None)


def get_private_float(dataset: Dataset, name: str) -> float | None:
    """Return the first number of a private tag, by its name in `PRIVATE_BLOCKS`."""
    group, creator, element = _private_tag(name)
    for start in PRIVATE_BLOCK_STARTS:
        block = BaseTag(group << 16 | start)
        if block in dataset.keys() and str(_element_value(dataset, block)).strip() == creator:  # noqa: SIM118
            value = _element_value(dataset, BaseTag(group << 16 | start << 8 | element))
            break
    else:
        return None
    if isinstance(value, bytes):  # implicit files, and copies by programs that do not know the tag
        text = value.decode("ascii", "replace").strip("\0 ").split("\\")[0]
        value = text if len(value) != 2 or text.isdecimal() else int.from_bytes(value, "little")
    numbers = _to_floats(value)
    return numbers[0] if numbers else None


def hash_uid(uid: str, salt: bytes) -> str:
    """Return a keyed hash of an identifier; empty if there is none."""
    return hashlib.blake2b(uid.encode(), key=salt, digest_size=12).hexdigest() if uid else ""


def format_number(number: float) -> str:
    """Return a number without trailing zeros, such as `4.92`, with up to six digits."""
    return f"{number + 0.0:g}"


@cache
def _to_tag(keyword: str) -> BaseTag:
    return Tag(keyword)


@cache
def _private_tag(name: str) -> tuple[int, str, int]:
    return next((group, creator, items[name]) for group, creator, items in PRIVATE_BLOCKS if name in items)


def _element_value(dataset: Dataset, tag: BaseTag) -> Any:
    if tag not in dataset.keys():  # noqa: SIM118 - ten times as fast as asking the dataset, which converts the tag
        return None
    try:
        return dataset[tag].value
    except Exception:  # pydicom converts values on access, and a damaged one can raise any parser error
        return None


def _to_floats(value: Any) -> list[float]:
    if value is None:
        return []
    values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    try:
        numbers = [float(number) for number in values]
    except (TypeError, ValueError, OverflowError):
        return []
    return numbers if all(math.isfinite(number) for number in numbers) else []
