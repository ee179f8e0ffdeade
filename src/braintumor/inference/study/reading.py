"""The answer for a series or volume."""

from dataclasses import dataclass, field

from braintumor.enums import CLASSES, Plane, TumorClass, Verdict
from braintumor.inference.detection import Detection
from braintumor.inference.study.lesion import Lesion
from braintumor.inference.study.study_slice import StudySlice
from braintumor.text import pluralize


@dataclass(frozen=True, slots=True)
class SliceCounts:
    """Number of slices of a study by what became of them.

    Attributes
    ----------
    judged : int
        Slices that vote.
    outside : int
        Slices outside the model's field, such as neck, face and air.
    rejected : int
        What is not a brain MRI, and sheets, screenshots and photographs.
    reformatted : int
        Slices cut across thick ones, which have too little detail to vote.
    unreadable : int
        Slices or files that could not be read.
    unread : int
        Slices that the verdict did not need.
    blank : int
        Slices without content, at the ends of many volumes, of which there is nothing to read.
    """

    judged: int = 0
    outside: int = 0
    rejected: int = 0
    reformatted: int = 0
    unreadable: int = 0
    unread: int = 0
    blank: int = 0

    @property
    def is_outside(self) -> bool:
        """Whether no slice was judged, mostly because the slices lie outside the model's field."""
        return not self.judged and self.outside > max(self.rejected, self.reformatted)

    @property
    def read(self) -> int:
        """Number of slices that were read."""
        return self.judged + self.outside + self.rejected + self.reformatted

    @property
    def total(self) -> int:
        """Number of slices in the files."""
        return self.read + self.unreadable + self.unread + self.blank

    def describe(self) -> str:
        """Return the counts in a sentence, such as `162 slices: 150 judged, 12 unreadable.`."""
        parts = [f"{self.judged:,} judged"]
        if self.outside:
            parts.append(f"{self.outside:,} outside the model's field")
        if self.rejected:
            parts.append(f"{self.rejected:,} rejected")
        if self.reformatted:
            parts.append(f"{self.reformatted:,} reformatted with too little detail")
        if self.unreadable:
            parts.append(f"{self.unreadable:,} unreadable")
        if self.unread:
            parts.append(f"{self.unread:,} not needed for the verdict")
        if self.blank:
            parts.append(f"{self.blank:,} blank")
        return f"{pluralize(self.total, 'slice')}: {', '.join(parts)}."


@dataclass(frozen=True, slots=True)
class PlaneReading:
    """The answer for the slices of one plane, or of one series.

    Attributes
    ----------
    stack, title, plane
        See `StudySlice`.
    verdict : Verdict
        By the thresholds of the study; another than those of tumour and no tumour if too few slices could be judged.
    score : float or None
        Tumour score of its most suspicious window; None if too few slices could be judged.
    key_slice : StudySlice or None
        The most suspicious slice.
    """

    stack: str
    title: str
    plane: Plane
    verdict: Verdict
    score: float | None
    counts: SliceCounts
    key_slice: StudySlice | None = None

    @property
    def name(self) -> str:
        """Name of the plane, or the title of the series if the plane is unknown."""
        return str(self.plane) if self.plane is not Plane.UNKNOWN else self.title or "pictures"


@dataclass(frozen=True, slots=True)
class StudyReading:
    """One answer for a series or volume.

    Attributes
    ----------
    verdict : Verdict
    reason : str
        Why, in words.
    tumor_probability : float
        The study score, from 0 to 1.
    probabilities : dict of TumorClass to float
        The study score, divided among the classes as in the most suspicious slices; sum 1.
    key_slices : tuple of StudySlice
        The most suspicious slices of different places, worst first.
    planes : tuple of PlaneReading
        One per plane or series, most suspicious first.
    planes_agree : bool or None
        Whether the planes of the volume agree; None if fewer than two could be judged.
    lesion : Lesion or None
        None if nothing is outlined, or no tumour was found.
    counts : SliceCounts
    binary_threshold : float or None
        As for `Detection`: None if the model predicts the tumour type.
    detections : tuple of Detection
        The results of the slices; the IDs of `key_slices` are their indices.
    """

    verdict: Verdict
    reason: str
    tumor_probability: float
    probabilities: dict[TumorClass, float]
    key_slices: tuple[StudySlice, ...]
    planes: tuple[PlaneReading, ...]
    planes_agree: bool | None
    lesion: Lesion | None
    counts: SliceCounts
    binary_threshold: float | None = None
    detections: tuple[Detection, ...] = field(default=(), repr=False)

    @property
    def is_multiclass(self) -> bool:
        """Whether the model predicts the tumour type."""
        return self.binary_threshold is None

    @property
    def result(self) -> TumorClass:
        """The most likely class: a tumour from a score of 0.5, the most likely type of the most suspicious slices."""
        tumors = [c for c in CLASSES if c.is_tumor]
        return max(tumors, key=self.probabilities.__getitem__) if self.tumor_probability >= 0.5 else TumorClass.NOTUMOR

    def describe_lesion(self) -> str:
        """Return extent, volume and diameter; empty without a lesion."""
        lesion = self.lesion
        if lesion is None:
            return ""
        single = lesion.first == lesion.last
        slices = f"slice {lesion.first}" if single else f"slices {lesion.first} to {lesion.last}"
        parts = [f"{slices} of {lesion.title}" if lesion.title else slices]
        if lesion.extent_mm is not None:
            parts.append(f"extent {lesion.extent_mm:.0f} mm")
        if lesion.volume_ml is not None:
            parts.append(f"volume {lesion.volume_ml:.1f} ml")
        if lesion.diameter_mm is not None:
            parts.append(f"longest diameter within a slice {lesion.diameter_mm:.1f} mm")
        return ", ".join(parts)
