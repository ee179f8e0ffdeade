"""The two files of a volume, a header (.hdr) and the voxels (.img), found among many files and read as one."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

from braintumor.imaging.containers.volume_pair import (
    join_pair,
    parse_pair_name,
    read_lone_half,
    read_pair_header,
)
from braintumor.settings import Settings

_Item = TypeVar("_Item")


def join_pair_files(files: Iterable[_Item], settings: Settings) -> Iterator[_Item]:
    """Yield files in order, each pair as one file at the place of its second half, and lone halves last.

    Parameters
    ----------
    files : iterable
        Dataclasses with the fields `name`, `read` and `reread`; other objects are passed on.
    """
    # Several files of one name can be uploaded from different folders.
    waiting: dict[tuple[str, bool], list[Any]] = {}
    for file in files:
        half = parse_pair_name(file.name) if hasattr(file, "read") and hasattr(file, "name") else None
        if half is None:
            yield file
            continue
        others = waiting.get((half.stem, not half.is_header))
        if not others:
            waiting.setdefault((half.stem, half.is_header), []).append(file)
            continue
        other: Any = others.pop(0)
        header_file, image_file = (file, other) if half.is_header else (other, file)
        yield from _join(header_file, image_file, settings)
    for halves in waiting.values():
        yield from map(_lone_half, halves)


def _join(header_file: Any, image_file: Any, settings: Settings) -> Iterator[Any]:
    """Yield one file for a header and its voxels, or both if the first is no header."""
    header = read_pair_header(header_file.read, header_file.name)
    if header is None:
        yield from map(_lone_half, (header_file, image_file))
        return
    name, reread = image_file.name, image_file.reread
    yield dataclasses.replace(
        image_file,
        read=partial(_read_joined, header, image_file.read, name, settings),
        reread=None if reread is None else partial(_read_joined, header, reread, name, settings),
    )


def _read_joined(header: bytes, read_voxels: Callable[[], bytes], name: str, settings: Settings) -> bytes:
    return join_pair(header, read_voxels(), name, settings)


def _lone_half(file: Any) -> Any:
    reread = file.reread
    return dataclasses.replace(
        file,
        read=partial(read_lone_half, file.read, file.name),
        reread=None if reread is None else partial(read_lone_half, reread, file.name),
    )
