"""Stands in for what the rooms below do not offer yet, so that the page works before they do."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from braintumor.errors import ScanError
from braintumor.imaging import Scan, read_scan
from braintumor.settings import Settings


class Refusal(NamedTuple):
    """A file that cannot be read."""

    name: str
    problem: str
    sha256: str | None


def read_many(sources: Iterable[tuple[str, bytes]], settings: Settings) -> Iterator[Scan | Refusal]:
    """Each file as one scan."""
    for name, content in sources:
        try:
            yield read_scan(content, name, settings)
        except ScanError as error:
            yield Refusal(name, str(error), None)


def extra(thing: object, name: str) -> Any:
    """An attribute that may not be there yet."""
    return getattr(thing, name, None)
