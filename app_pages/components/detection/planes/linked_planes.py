"""Slices of the other planes through one position in the patient, for the viewer."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from app_pages.components.detection.viewer_layers import picture_layer
from braintumor.imaging.geometry import Placement, Vector, dot
from braintumor.services.reading_result import Reading

# Planes whose normals have a larger cosine are parallel: other contrasts, and not another view of the position.
_MAX_PARALLEL: Final = 0.7
_MAX_PLANES: Final = 2


def linked_planes(
    slices: Sequence[Reading], reading: Reading, readings: Iterable[Reading], requested: Any = None
) -> dict[str, Any] | None:
    """Return the slices of other planes through a position; None if no other plane is known to share it.

    Parameters
    ----------
    slices : sequence of Reading
        The series of the selected slice, in order.
    reading : Reading
        The selected slice.
    readings : iterable of Reading
        All slices among which to find other planes.
    requested : dict, optional
        `position` in mm and its `frame`, as the viewer reported them; the middle of the slice by default.
    """
    placement = _placement(reading)
    if placement is None or not placement.frame:
        return None
    middle = placement.point(0.5, 0.5)
    position = placement.project(_parse_position(requested, placement.frame) or middle or placement.right)
    planes = _nearest_slices(placement, position, readings)
    if not planes:
        return None
    return {
        "position": position, "frame": placement.frame, "placement": _placement_data(placement),
        "distances": [_distance(each, placement) for each in slices],
        "slices": [_slice_data(each, reading) for each in planes],
    }  # fmt: skip


def _nearest_slices(placement: Placement, position: Vector, readings: Iterable[Reading]) -> list[Reading]:
    """Return the slice nearest to a position of each plane across the given one, of the longest series."""
    series: dict[str, list[Reading]] = {}
    for each in readings:
        other, scan = _placement(each), each.compressed_scan
        if other is None or other.frame != placement.frame or scan is None or scan.stub.series is None:
            continue
        if abs(dot(other.normal, placement.normal)) < _MAX_PARALLEL:
            series.setdefault(scan.stub.series.key, []).append(each)
    nearest: list[tuple[Placement, Reading]] = []
    for slices in sorted(series.values(), key=len, reverse=True):
        placed = [(other, each) for each in slices if (other := _placement(each)) is not None]
        other, each = min(placed, key=lambda pair: abs(pair[0].distance(position)))
        if all(abs(dot(other.normal, chosen.normal)) < _MAX_PARALLEL for chosen, _ in nearest):
            nearest.append((other, each))
    return [each for _, each in nearest[:_MAX_PLANES]]


def _placement(reading: Reading) -> Placement | None:
    placement = None if reading.compressed_scan is None else reading.compressed_scan.stub.placement
    return placement if placement is not None and placement.corner is not None else None


def _distance(reading: Reading, placement: Placement) -> float | None:
    """Return how far a slice lies from another one along the other one's normal, in mm."""
    other = _placement(reading)
    middle = None if other is None or other.frame != placement.frame else other.point(0.5, 0.5)
    return None if middle is None else placement.distance(middle)


def _parse_position(requested: Any, frame: str) -> Vector | None:
    """Return a position that the viewer reported, if it belongs to the frame and consists of three numbers."""
    if not isinstance(requested, dict) or requested.get("frame") != frame:
        return None
    values = requested.get("position")
    if not isinstance(values, list) or len(values) != 3 or not all(isinstance(each, (int, float)) for each in values):
        return None
    return float(values[0]), float(values[1]), float(values[2])


def _placement_data(placement: Placement) -> dict[str, Any]:
    return {
        "corner": placement.corner, "right": placement.right, "down": placement.down, "normal": placement.normal,
    }  # fmt: skip


def _slice_data(reading: Reading, selected: Reading) -> dict[str, Any]:
    scan, placement = reading.compressed_scan, _placement(reading)
    assert scan is not None  # only slices with a placement are linked
    assert placement is not None
    assert scan.stub.series is not None
    series, other = scan.stub.series, None if selected.compressed_scan is None else selected.compressed_scan.stub.series
    return {
        "id": reading.id, "edit": str(reading.shown_edit), "picture": picture_layer(scan),
        "title": f"{str(series.plane).title() or series.title}, slice {series.index + 1} of {series.count}",
        "placement": _placement_data(placement),
        # Slices of one volume have the same values, and are shown under the same window.
        "shares_window": bool(series.volume) and other is not None and series.volume == other.volume
        and not (reading.shown_edit.is_inverted or selected.shown_edit.is_inverted),
    }  # fmt: skip
