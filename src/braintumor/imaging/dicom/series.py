"""Slices of many DICOM files -> series, each in slice order: along the body where that is known, else as numbered."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from braintumor.imaging.dicom.metadata import DicomMetadata
from braintumor.imaging.scan import SeriesPosition


@dataclass(frozen=True, slots=True)
class DicomSlice:
    """One frame of one file, and where the file can be read again."""

    name: str
    file: Any
    sha256: str
    metadata: DicomMetadata
    frame_index: int = 0


def sort_into_series(slices: Iterable[DicomSlice]) -> Iterator[tuple[DicomSlice, SeriesPosition]]:
    """Slices series by series, in the order their first files came; a file that names no series is one by itself."""
    gathered: dict[str, list[DicomSlice]] = {}
    for one in slices:
        gathered.setdefault(one.metadata.key or one.sha256[:24], []).append(one)
    for key, members in gathered.items():
        members.sort(key=_sort_key(members))
        title = _series_title(members)
        for index, one in enumerate(members):
            yield one, SeriesPosition(key, title, index, len(members))


def _sort_key(members: Sequence[DicomSlice]) -> Callable[[DicomSlice], tuple[Any, ...]]:
    """By what all of them tell: the place along their normal, or the number, or at least the name."""
    if all(one.metadata.frames[one.frame_index].position is not None for one in members):
        # Slices that lie differently, as those of a localizer do, follow one another group by group.
        return lambda one: (
            one.metadata.orientation,
            one.metadata.frames[one.frame_index].position,
            *_instance_sort_key(one),
        )
    if all(one.metadata.instance is not None for one in members):
        return _instance_sort_key
    return lambda one: (_natural_sort_key(one.name), one.frame_index)


def _instance_sort_key(one: DicomSlice) -> tuple[Any, ...]:
    return one.metadata.instance or 0, one.frame_index, _natural_sort_key(one.name)


def _natural_sort_key(name: str) -> tuple[tuple[bool, int, str], ...]:
    """A key that puts `slice 10` after `slice 9`."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+", name)
    return tuple((part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts)


def _series_title(members: Sequence[DicomSlice]) -> str:
    facts = members[0].metadata
    planes = {one.metadata.plane for one in members}
    count = "1 slice" if len(members) == 1 else f"{len(members)} slices"
    parts = [
        "Series" if facts.number is None else f"Series {facts.number}", *facts.words,
        *(planes if len(planes) == 1 else ()), count,
    ]  # fmt: skip
    return ", ".join(part for part in parts if part)
