"""How many slices of a group of files were read, and how many there are: estimated first, then as the files state."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from braintumor.imaging.nifti import count_volume_slices
from braintumor.imaging.zip_archive import is_zip, iter_members, open_zip
from braintumor.services.file_groups import FileGroup, GroupKind, ReadableFile
from braintumor.services.reading_result import Reading
from braintumor.settings import Settings


@dataclass(slots=True)
class SliceCount:
    """Slices of one group; blank ones at the ends of a volume count as read when the next one is.

    Attributes
    ----------
    expected : int
        Estimate made before reading.
    """

    expected: int = 0
    _positions: dict[str, tuple[int, int]] = field(default_factory=dict)  # by series: slices passed, and all
    _others: int = 0
    _is_complete: bool = False

    def add(self, reading: Reading) -> None:
        """Count a reading."""
        series = None if reading.detection is None else reading.detection.series
        if series is None:
            self._others += 1
        else:
            self._positions[series.key] = series.index + 1, series.count

    def finish(self) -> None:
        """Note that nothing follows."""
        self._is_complete = True

    @property
    def done(self) -> int:
        """Number of slices read, or passed because they are blank."""
        return self.total if self._is_complete else self._others + sum(passed for passed, _ in self._stated())

    @property
    def total(self) -> int:
        """Number of slices, as far as it is known."""
        stated = self._others + sum(count for _, count in self._stated())
        return stated if self._is_complete else max(stated, self.expected)

    def _stated(self) -> list[tuple[int, int]]:
        """Return a copy: the page counts while a job adds."""
        return list(self._positions.values())


def estimate_slices(group: FileGroup, settings: Settings, previous: Sequence[Reading] = ()) -> int:
    """Estimate the number of slices from the headers of volumes and the lists of archives, without decoding anything.

    Parameters
    ----------
    previous : sequence of Reading
        Results of another version for the group, which know it.
    """
    if previous or group.kind is GroupKind.NOT_SCANS:
        return len(previous)
    return 1 if group.kind is GroupKind.IMAGE else sum(_estimate_file(file, settings) for file in group.files)


def _estimate_file(file: ReadableFile, settings: Settings) -> int:
    content = file.getvalue()
    try:
        if is_zip(content):
            with open_zip(content, file.name, settings) as archive:
                return max(1, len(list(iter_members(archive, file.name))))
        return count_volume_slices(content, settings) or 1
    except Exception:  # damaged in one of many ways, which is reported when it is read
        return 1
