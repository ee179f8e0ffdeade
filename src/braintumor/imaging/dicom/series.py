"""Slices of many DICOM files -> series, each in slice order: along the body where that is known, else as numbered."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from braintumor.imaging.dicom.facts import Facts
from braintumor.imaging.scan import SeriesPlace


@dataclass(frozen=True, slots=True)
class Slice:
    """One frame of one file, and where the file can be read again."""

    name: str
    file: Any
    sha256: str
    facts: Facts
    frame: int = 0


def in_order(slices: Iterable[Slice]) -> Iterator[tuple[Slice, SeriesPlace]]:
    """Slices series by series, in the order their first files came; a file that names no series is one by itself."""
    gathered: dict[str, list[Slice]] = {}
    for one in slices:
        gathered.setdefault(one.facts.key or one.sha256[:24], []).append(one)
    for key, members in gathered.items():
        members.sort(key=_rank(members))
        title = _title(members)
        for index, one in enumerate(members):
            yield one, SeriesPlace(key, title, index, len(members))


def _rank(members: Sequence[Slice]) -> Callable[[Slice], tuple[Any, ...]]:
    """By what all of them tell: the place along their normal, or the number, or at least the name."""
    if all(one.facts.frames[one.frame].position is not None for one in members):
        # Slices that lie differently, as those of a localizer do, follow one another group by group.
        return lambda one: (one.facts.orientation, one.facts.frames[one.frame].position, *_counted(one))
    if all(one.facts.instance is not None for one in members):
        return _counted
    return lambda one: (_natural(one.name), one.frame)


def _counted(one: Slice) -> tuple[Any, ...]:
    return one.facts.instance or 0, one.frame, _natural(one.name)


def _natural(name: str) -> tuple[tuple[bool, int, str], ...]:
    """A key that puts `slice 10` after `slice 9`."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+", name)
    return tuple((part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts)


def _title(members: Sequence[Slice]) -> str:
    facts = members[0].facts
    planes = {one.facts.plane for one in members}
    count = "1 slice" if len(members) == 1 else f"{len(members)} slices"
    parts = [
        "Series" if facts.number is None else f"Series {facts.number}", *facts.words,
        *(planes if len(planes) == 1 else ()), count,
    ]  # fmt: skip
    return ", ".join(part for part in parts if part)
