"""Files of any kind -> every slice in them, in order; what cannot be read is a refusal that costs nothing else."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from braintumor.errors import ScanError
from braintumor.imaging.kind import ARCHIVE_SUFFIXES, DICOM_SUFFIXES, NIFTI_SUFFIXES, PICTURE_SUFFIXES
from braintumor.imaging.read import read_scan
from braintumor.imaging.refusal import Refusal
from braintumor.imaging.scan import Scan
from braintumor.settings import Settings, get_settings

INTAKE_SUFFIXES: Final = (*PICTURE_SUFFIXES, *DICOM_SUFFIXES, *NIFTI_SUFFIXES, *ARCHIVE_SUFFIXES)

__all__ = ["INTAKE_SUFFIXES", "Refusal", "read_many", "read_slices"]


def read_slices(source: bytes | Path, name: str, settings: Settings | None = None) -> Iterator[Scan | Refusal]:
    """Every slice of one file, in order.

    A picture has one; a DICOM file of several frames, a TIFF of several pages, a NIfTI volume (along each plane) and a
    ZIP (all its files) have many. What cannot be read is a `Refusal`; nothing is raised.
    """
    yield from read_many([(name, source)], settings)


def read_many(
    sources: Iterable[tuple[str, bytes | Path]], settings: Settings | None = None
) -> Iterator[Scan | Refusal]:
    """Every slice of many files: pictures as soon as they are read, DICOM by series in slice order."""
    settings = settings or get_settings()
    for name, source in sources:
        try:
            yield read_scan(source, name, settings)
        except ScanError as error:
            yield Refusal(name, str(error))
