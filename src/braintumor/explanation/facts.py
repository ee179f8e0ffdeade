"""The facts of a reading: numbers and terms only, without pixels, names, hashes or comments."""

from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, Literal

from braintumor.enums import Plane, TumorClass, Verdict
from braintumor.explanation.terms import Doubt, ImagePosition, InputWarning, LocatedBy, Region, Rejection, Side


@dataclass(frozen=True, slots=True)
class Figure:
    """A share measured on the test data of the model.

    Attributes
    ----------
    value, low, high : float
        Share from 0 to 1 with its 95% confidence interval; an end is None if it was not measured.
    n : int or None
        Number of slices, or of studies.
    plane : Plane or None
        The plane it was measured on; None for all planes.
    """

    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    plane: Plane | None = None


@dataclass(frozen=True, slots=True)
class Neighbors:
    """Labels of the training scans most similar to a scan.

    Attributes
    ----------
    count : int
        Number of similar scans.
    tumors : int
        How many of them show a tumour.
    same_class : int
        How many of them have the predicted class; those with any tumour for a model without tumour types.
    """

    count: int
    tumors: int
    same_class: int


@dataclass(frozen=True, slots=True)
class KeySlice:
    """A most suspicious slice of a study: its plane, its number in its series from 1, and its tumour probability."""

    plane: Plane
    number: int
    tumor_probability: float


@dataclass(frozen=True, slots=True)
class SliceNumbers:
    """Number of slices of a study by what became of them; see `braintumor.inference.study.reading.SliceCounts`."""

    judged: int
    outside: int
    rejected: int
    reformatted: int
    unreadable: int
    unread: int


@dataclass(frozen=True, slots=True)
class ReadingFacts:
    """What a text may say about the reading of a slice or a study.

    Attributes
    ----------
    kind : {"slice", "study"}
    verdict : Verdict
    tumor_class : TumorClass or None
        The predicted class; None if the model predicts no tumour type and answers tumour.
    is_multiclass : bool
        Whether the model predicts the tumour type.
    tumor_probability : float
        Calibrated, 0 to 1; the study score of a study.
    class_probabilities : dict of TumorClass to float
        Calibrated; empty if the model predicts no tumour type.
    rule_out, rule_in : float or None
        Probability up to which no tumour is found, and from which one is suspected; None where other rules decided.
    prediction_set : tuple of TumorClass
        Classes that cannot be ruled out (95% prediction set); empty for a study.
    rejection : Rejection or None
        Why the model did not look for a tumour.
    doubt : Doubt or None
        Why the verdict is uncertain.
    plane : Plane
    is_oriented : bool
        Whether the file states the orientation, so that sides are the patient's.
    position, side, region : ImagePosition, Side, Region or None
        Where the outlined region lies, else the peak of the heat map (see `located_by`); None without either. The
        side is the patient's, and the region is estimated from the position within the head, both only where the file
        states the orientation.
    located_by : LocatedBy or None
    has_outline : bool or None
        Whether the model outlined a region; None if it outlines none by design.
    diameter_mm, area_mm2, volume_ml, extent_mm : float or None
        Longest diameter, area (slice), volume and length along the slices (study); None without spacing.
    diameter_pixels : float or None
        Longest diameter in pixels of the slice.
    slice_share : float or None
        Share of the picture's area that is outlined.
    map_agrees : bool or None
        Whether the peak of the heat map lies in the outlined region or near it; None without either.
    ood_score, ood_rejected_at : float or None
        Out-of-distribution score from 0 to 1, and where rejection starts.
    warnings : tuple of InputWarning
    slices : SliceNumbers or None
        Of a study.
    key_slices : tuple of KeySlice
        Of a study, most suspicious first.
    lesion_first, lesion_last : int or None
        Numbers of the first and last slice of a study that outline the region.
    planes_agree : bool or None
        Whether the planes of a study agree; None if fewer than two were judged.
    neighbors : Neighbors or None
        Labels of the most similar training scans; None if they were not looked up.
    model_version : str
    sensitivity, false_alarm_rate : Figure or None
        Measured on the model's test data: share of tumours that it recognizes, and share of tumour-free slices
        (studies) in which it reports one; in this plane where it was measured on enough slices.
    """

    kind: Literal["slice", "study"]
    verdict: Verdict
    tumor_class: TumorClass | None
    is_multiclass: bool
    tumor_probability: float
    model_version: str
    class_probabilities: dict[TumorClass, float]
    rule_out: float | None = None
    rule_in: float | None = None
    prediction_set: tuple[TumorClass, ...] = ()
    rejection: Rejection | None = None
    doubt: Doubt | None = None
    plane: Plane = Plane.UNKNOWN
    is_oriented: bool = False
    position: ImagePosition | None = None
    side: Side | None = None
    region: Region | None = None
    located_by: LocatedBy | None = None
    has_outline: bool | None = None
    diameter_mm: float | None = None
    area_mm2: float | None = None
    volume_ml: float | None = None
    extent_mm: float | None = None
    diameter_pixels: float | None = None
    slice_share: float | None = None
    map_agrees: bool | None = None
    ood_score: float | None = None
    ood_rejected_at: float | None = None
    warnings: tuple[InputWarning, ...] = ()
    slices: SliceNumbers | None = None
    key_slices: tuple[KeySlice, ...] = ()
    lesion_first: int | None = None
    lesion_last: int | None = None
    planes_agree: bool | None = None
    neighbors: Neighbors | None = None
    sensitivity: Figure | None = None
    false_alarm_rate: Figure | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as plain JSON values: enumerations by their text, and None for what is unknown."""
        return {field.name: _to_json(getattr(self, field.name)) for field in fields(self)}


def _to_json(value: Any) -> Any:
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _to_json(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_to_json(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: _to_json(getattr(value, field.name)) for field in fields(value)}
    return value
