"""Slices: files -> what is read from them one by one, pictures first, then every slice of what may hold several."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from braintumor.imaging.intake import iter_scans
from braintumor.reporting.batch import ScanSource
from braintumor.settings import Settings


def iter_sources(files: Sequence[str], volumes: Sequence[str], settings: Settings) -> Iterator[ScanSource]:
    """Pictures by their path, still to be read; then slices, decoded one after the other as they are asked for.

    The limit on files is that of an upload. Who names files on a machine of their own may name more.
    """
    yield from files
    roomy = settings.model_copy(update={"max_files": max(settings.max_files, len(volumes))})
    yield from iter_scans(((volume, Path(volume)) for volume in volumes), roomy)
