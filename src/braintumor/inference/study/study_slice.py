"""What the rule for a study needs of one slice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import PictureKind, Plane, TumorClass, Verdict
from braintumor.imaging.scan import SeriesPosition
from braintumor.inference.detection import Detection
from braintumor.inference.lesion_size import largest_component

# Lowest and highest coordinate along x, y and z, with x to the right, y to the front and z to the head.
Box = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]

# Axes of the rows and columns of a slice, and its normal, by plane; both axes run against the pixel order.
_AXES: Final = {Plane.AXIAL: (1, 0, 2), Plane.CORONAL: (2, 0, 1), Plane.SAGITTAL: (2, 1, 0)}


@dataclass(frozen=True, slots=True)
class StudySlice:
    """One slice of a study.

    Attributes
    ----------
    id, name : str
        Identifies the slice for the caller, and its name.
    stack, volume : str
        Identical for all slices of one plane, and for all slices of one volume.
    title : str
        Description of the stack.
    plane : Plane
    order : int
        Index in the stack, from 0.
    millimetres : float or None
        Position along the normal.
    probabilities : dict of TumorClass to float
        Calibrated probability of each class.
    tumor_probability : float
    verdict : Verdict
    reason : str
        Why the slice has this verdict.
    is_in_field : bool
        Whether the model can judge the slice; others, such as slices outside the brain, never vote.
    is_reformatted : bool
        Whether it was cut across the slices that were acquired; such slices do not vote.
    area_mm2, diameter_mm : float or None
        Size of the outlined tumour; None without a mask or without spacing.
    area_pixels : int or None
        None without a mask.
    box : Box or None
        The largest outlined region in mm (in voxels without spacing) from the corner of the volume; None if nothing is
        outlined, or the place of the slice in its volume is unknown.
    """

    id: str
    probabilities: dict[TumorClass, float]
    tumor_probability: float
    verdict: Verdict
    reason: str = ""
    name: str = ""
    stack: str = ""
    volume: str = ""
    title: str = ""
    plane: Plane = Plane.UNKNOWN
    order: int = 0
    millimetres: float | None = None
    is_in_field: bool = True
    is_reformatted: bool = False
    area_mm2: float | None = None
    diameter_mm: float | None = None
    area_pixels: int | None = None
    box: Box | None = None

    @property
    def votes(self) -> bool:
        """Whether the slice takes part in the verdict."""
        return self.is_in_field and not self.is_reformatted

    @property
    def is_outside_field(self) -> bool:
        """Whether the slice shows no brain, as the ends of most volumes do; this says nothing about the study."""
        return self.verdict is Verdict.OUTSIDE_FIELD


def is_in_field(detection: Detection) -> bool:
    """Whether a slice is one that the model can judge: a single slice with a result."""
    return detection.verdict.has_result and detection.picture is PictureKind.SLICE


def to_study_slice(detection: Detection, identifier: str, order: int = 0) -> StudySlice:
    """Return what the rule needs of a result.

    Parameters
    ----------
    identifier : str
    order : int
        Index in the stack of a scan without a series.
    """
    position = detection.series or SeriesPosition("", "", order, 0)
    in_field = is_in_field(detection)
    return StudySlice(
        id=identifier,
        name=detection.name,
        stack=position.key,
        volume=position.volume or position.key,
        title=position.title,
        plane=position.plane,
        order=position.index,
        millimetres=position.millimetres,
        probabilities=detection.probabilities,
        tumor_probability=detection.tumor_probability,
        verdict=detection.verdict,
        reason=detection.reason,
        is_in_field=in_field,
        is_reformatted=position.is_reformatted,
        area_mm2=detection.area_mm2 if in_field else None,
        diameter_mm=detection.diameter_mm if in_field else None,
        area_pixels=detection.area_pixels if in_field else None,
        box=_lesion_box(detection, position) if in_field else None,
    )


def to_study_slices(detections: Sequence[Detection]) -> list[StudySlice]:
    """Return the slices of a study; their IDs are their indices, and scans without a series are in the given order."""
    return [to_study_slice(detection, str(index), index) for index, detection in enumerate(detections)]


def _lesion_box(detection: Detection, position: SeriesPosition) -> Box | None:
    """Return where in the volume the largest outlined region lies, from the first to the last edge of its pixels."""
    if position.plane not in _AXES or not position.volume or not detection.area_pixels:
        return None
    mask = detection.mask
    assert mask is not None
    runs = largest_component(mask)
    height, width = mask.shape
    down, across = detection.spacing or (1.0, 1.0)
    rows, columns, normal = _AXES[position.plane]
    place = position.index + 0.5 if position.millimetres is None else position.millimetres
    ranges: dict[int, tuple[float, float]] = {
        rows: _reversed_range(runs[:, 0], runs[:, 0] + 1, height, down),
        columns: _reversed_range(runs[:, 1], runs[:, 2], width, across),
        normal: (place, place),
    }
    return ranges[0], ranges[1], ranges[2]


def _reversed_range(
    first: NDArray[np.int64], last: NDArray[np.int64], size: int, spacing: float
) -> tuple[float, float]:
    return float(size - last.max()) * spacing, float(size - first.min()) * spacing
