"""Slices of made-up studies: log-odds along planes, with an outline where a lesion is."""

from collections.abc import Sequence

from braintumor.enums import CLASSES, Plane, TumorClass, Verdict
from braintumor.inference.study.evidence import probability_of
from braintumor.inference.study.study_slice import Box, StudySlice

NORMALS = {Plane.SAGITTAL: 0, Plane.CORONAL: 1, Plane.AXIAL: 2}


def make_slice(
    log_odds: float,
    order: int = 0,
    *,
    plane: Plane = Plane.AXIAL,
    step: float | None = 1.0,
    place: tuple[float, float, float] | None = None,
    in_field: bool = True,
    refused_as: Verdict = Verdict.NOT_BRAIN_MRI,
    size: float = 12.0,
) -> StudySlice:
    """Return one slice of a volume; with `place`, it outlines a lesion of `size` mm around that point.

    Without `in_field` it has the verdict `refused_as`.
    """
    probability = probability_of(log_odds)
    tumors = {TumorClass.GLIOMA: 0.7, TumorClass.MENINGIOMA: 0.2, TumorClass.PITUITARY: 0.1}
    millimetres = None if step is None else (order + 0.5) * step
    return StudySlice(
        id=f"{plane}-{order}", name=f"scan [{plane} {order + 1}]", stack=str(plane), volume="volume",
        title=f"{plane.title()}, 40 slices", plane=plane, order=order, millimetres=millimetres,
        probabilities={c: probability * tumors[c] if c.is_tumor else 1 - probability for c in CLASSES},
        tumor_probability=probability, is_in_field=in_field,
        verdict=Verdict.UNCERTAIN if in_field else refused_as, reason="The reason of the slice.",
        area_pixels=100 if place else 0, area_mm2=100.0 if place else 0.0, diameter_mm=size if place else 0.0,
        box=_box(plane, millimetres or 0.0, place, size) if place else None,
    )  # fmt: skip


def _box(plane: Plane, millimetres: float, place: tuple[float, float, float], size: float) -> Box:
    ranges = [(center - size / 2, center + size / 2) for center in place]
    ranges[NORMALS[plane]] = (millimetres, millimetres)
    return ranges[0], ranges[1], ranges[2]


def make_plane(
    log_odds: Sequence[float],
    plane: Plane = Plane.AXIAL,
    step: float | None = 1.0,
    place: tuple[float, float, float] | None = None,
) -> list[StudySlice]:
    """Return the slices of one plane; those with log-odds above 0 outline a lesion at `place`."""
    return [
        make_slice(value, order, plane=plane, step=step, place=place if value > 0 else None)
        for order, value in enumerate(log_odds)
    ]


def lesion_between(first: int, last: int, count: int = 40, inside: float = 5.0, outside: float = -5.0) -> list[float]:
    """Return log-odds with a lesion from one index to another, both included."""
    return [inside if first <= index <= last else outside for index in range(count)]
