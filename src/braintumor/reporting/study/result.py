"""The answer for one study together with what a report says about its files."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from braintumor.inference.study import StudyReading, StudySlice
from braintumor.inference.study.evidence import in_order


@dataclass(frozen=True, slots=True)
class StudyResult:
    """The answer for one series or volume.

    Attributes
    ----------
    id : str
        Identifies the study; the same for every model version.
    name : str
        File name of a volume, or description of a series.
    sha256 : str
        Hash of its file, or of the hashes of its files.
    timestamp : str
        When its last slice was read, as in the CSV.
    model_version : str
    reading : StudyReading
    slices : tuple of StudySlice
        All slices that were read.
    """

    id: str
    name: str
    sha256: str
    timestamp: str
    model_version: str
    reading: StudyReading
    slices: tuple[StudySlice, ...] = field(repr=False)

    @property
    def key_slice(self) -> StudySlice:
        """The slice to look at first."""
        return self.reading.key_slices[0]

    def strips(self) -> list[tuple[str, Sequence[StudySlice]]]:
        """Return the name and the slices of each plane, in order; the most suspicious plane first."""
        return [
            (plane.name, in_order([each for each in self.slices if each.stack == plane.stack]))
            for plane in self.reading.planes
        ]
