"""Sorting of slices from many DICOM files into series."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from braintumor.imaging.dicom.metadata import DicomMetadata
from braintumor.imaging.scan import SeriesPosition


@dataclass(frozen=True, slots=True)
class DicomSlice:
    """One frame of one file, and the file from which it can be read again."""

    name: str
    file: Any
    sha256: str
    metadata: DicomMetadata
    frame_index: int = 0


def sort_into_series(slices: Iterable[DicomSlice]) -> Iterator[tuple[DicomSlice, SeriesPosition]]:
    """Yield slices series by series, in order of their first files; a file without a series is a series by itself.

    Within a series, slices are sorted by position along the body, else by instance number, else by file name.
    """
    series: dict[str, list[DicomSlice]] = {}
    for item in slices:
        series.setdefault(item.metadata.series_key or item.sha256[:24], []).append(item)
    for key, members in series.items():
        members.sort(key=_sort_key(members))
        title = _series_title(members)
        for index, item in enumerate(members):
            yield item, SeriesPosition(key, title, index, len(members))


def _sort_key(members: Sequence[DicomSlice]) -> Callable[[DicomSlice], tuple[Any, ...]]:
    """Choose the best sort key that all slices have."""
    if all(item.metadata.frames[item.frame_index].position is not None for item in members):
        return _position_sort_key
    if all(item.metadata.instance_number is not None for item in members):
        return _instance_sort_key
    return lambda item: (_natural_sort_key(item.name), item.frame_index)


def _position_sort_key(item: DicomSlice) -> tuple[Any, ...]:
    """Sort by position along the normal, grouped by orientation because a localizer contains several."""
    return item.metadata.orientation, item.metadata.frames[item.frame_index].position, *_instance_sort_key(item)


def _instance_sort_key(item: DicomSlice) -> tuple[Any, ...]:
    return item.metadata.instance_number or 0, item.frame_index, _natural_sort_key(item.name)


def _natural_sort_key(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Sort `slice 10` after `slice 9`."""
    tokens = re.findall(r"[0-9]{1,18}|[^0-9]+", name)
    return tuple((token.isdecimal(), int(token) if token.isdecimal() else 0, token) for token in tokens)


def _series_title(members: Sequence[DicomSlice]) -> str:
    metadata = members[0].metadata
    planes = {item.metadata.plane for item in members}
    words = [
        "Series" if metadata.series_number is None else f"Series {metadata.series_number}",
        *metadata.contrast_words,
        *(planes if len(planes) == 1 else ()),
        "1 slice" if len(members) == 1 else f"{len(members)} slices",
    ]
    return ", ".join(word for word in words if word)
