"""Slices: files -> what is read from them one by one, pictures first, then every slice of what may hold several."""

from collections.abc import Iterator, Sequence

from braintumor.reporting.batch import Source
from braintumor.settings import Settings


def slices(files: Sequence[str], volumes: Sequence[str], settings: Settings) -> Iterator[Source]:
    """Pictures by their path, in order."""
    yield from files
