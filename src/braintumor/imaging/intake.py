"""Files of any kind -> every slice in them, in order; what cannot be read is a refusal that costs nothing else."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from braintumor.errors import ScanError
from braintumor.imaging.archive import Budget, is_zip, members, opened, too_many
from braintumor.imaging.dicom.series import Slice, in_order
from braintumor.imaging.dicom.slices import read_frame
from braintumor.imaging.file import File, read_file
from braintumor.imaging.kind import ARCHIVE_SUFFIXES, DICOM_SUFFIXES, NIFTI_SUFFIXES, PICTURE_SUFFIXES
from braintumor.imaging.refusal import Refusal
from braintumor.imaging.scan import Scan
from braintumor.imaging.source import load
from braintumor.settings import Settings, get_settings

INTAKE_SUFFIXES: Final = (*PICTURE_SUFFIXES, *DICOM_SUFFIXES, *NIFTI_SUFFIXES, *ARCHIVE_SUFFIXES)
# The list of a disc's files, which lies beside the images of every DICOM disc.
_LISTING: Final = "DICOMDIR"

__all__ = ["INTAKE_SUFFIXES", "Refusal", "read_many"]


def read_many(
    sources: Iterable[tuple[str, bytes | Path]], settings: Settings | None = None
) -> Iterator[Scan | Refusal]:
    """Every slice of many files, in order.

    A picture has one; a DICOM file of several frames, a TIFF of several pages, a NIfTI volume (along each plane) and a
    ZIP (all its files) have many. What cannot be read is a `Refusal`; nothing is raised.

    Pictures and volumes are given as soon as they are read. DICOM slices come after them, series by series and each in
    slice order, for which all files must have been seen. Files are counted against `Settings.max_files`, those within
    archives too. One file, page or frame is held at a time; stopping early lets go of everything.

    Parameters
    ----------
    sources : iterable of (name, content or path)
        The name is shown as it is given; folders are the caller's to list.
    """
    settings = settings or get_settings()
    slices: list[Slice] = []
    count = 0
    with ExitStack() as stack:
        for one in _files(sources, settings, stack):
            if isinstance(one, Refusal):
                yield one
                continue
            count += 1
            if count > settings.max_files:
                yield Refusal(one.name, too_many(one.name, settings))
                continue
            for found in read_file(one, settings):
                if isinstance(found, Slice):
                    slices.append(found)
                else:
                    yield found
        yield from _series(slices, settings)


def _files(
    sources: Iterable[tuple[str, bytes | Path]], settings: Settings, stack: ExitStack
) -> Iterator[File | Refusal]:
    """Files as they are given, those of archives in their place; archives stay open as long as the stack."""
    budget = Budget(settings.max_unpacked_bytes)
    for name, source in sources:
        if name.replace("\\", "/").rpartition("/")[2].upper() == _LISTING:
            continue
        if not is_zip(source):
            yield File(name, partial(load, source, name, settings.max_bytes))
            continue
        try:
            archive = stack.enter_context(opened(source, name, settings))
        except ScanError as error:
            yield Refusal(name, str(error))
            continue
        found = list(members(archive, name))
        if not found:
            yield Refusal(name, f"{name}: the archive holds no file. Make it again.")
        for member in found:
            yield File(member.name, partial(member.read, settings, budget), partial(member.read, settings, None))


def _series(slices: list[Slice], settings: Settings) -> Iterator[Scan | Refusal]:
    """DICOM frames, read once more file by file in slice order; a file with no sound frame costs one row."""
    held: tuple[str, bytes] = ("", b"")
    sound: set[str] = set()
    given_up: set[str] = set()
    for one, place in in_order(slices):
        if one.sha256 in given_up:
            continue
        several = len(one.facts.frames) > 1
        name = f"{one.name} [frame {one.frame + 1}]" if several else one.name
        try:
            if held[0] != one.sha256:
                held = one.sha256, one.file.again()
            yield read_frame(held[1], one.sha256, one.facts, one.frame, name, settings, place)
            sound.add(one.sha256)
        except ScanError as error:
            yield Refusal(name, str(error), one.sha256)
            if several and one.sha256 not in sound:
                given_up.add(one.sha256)
