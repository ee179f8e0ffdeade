"""Split of a DICOM series into stacks: slices of one plane, time point, echo, b-value and image type."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from braintumor.enums import SkipReason
from braintumor.imaging.dicom.metadata import DicomMetadata, FrameMetadata
from braintumor.imaging.hanging import name_plane

# Minimum cosine between the rows, and between the columns, of slices of one plane: 5 degrees, because correction of
# motion during a time series turns the slices a little.
_MIN_PLANE_COSINE: Final = 0.996
# Slices closer than this are at the same place, in mm; the thinnest slices are some 0.3 mm apart.
_PLACE_TOLERANCE: Final = 0.05


@dataclass(frozen=True, slots=True)
class DicomSlice:
    """One frame of one file, and the file from which it can be read again."""

    name: str
    file: Any
    sha256: str
    metadata: DicomMetadata
    frame_index: int = 0

    @property
    def frame(self) -> FrameMetadata:
        """Metadata of the frame."""
        return self.metadata.frames[self.frame_index]

    @property
    def display_name(self) -> str:
        """Name of the file, with the number of the frame if it has several."""
        return f"{self.name} [frame {self.frame_index + 1}]" if len(self.metadata.frames) > 1 else self.name

    @property
    def role(self) -> str:
        """Why it is no plain slice, such as `localizer`; empty if it is. A file can contain both slices and maps."""
        is_map = self.frame.image_type == SkipReason.DERIVED_MAP
        return self.metadata.role or (SkipReason.DERIVED_MAP if is_map else "")

    @property
    def orientation(self) -> tuple[float, ...]:
        """Direction cosines of rows and columns; empty if unknown."""
        return self.frame.orientation


@dataclass(frozen=True, slots=True)
class SliceStack:
    """Slices of one volume in space, sorted.

    Attributes
    ----------
    slices : tuple of DicomSlice
        By position along the body, else by instance number, else by file name.
    plane : str
        `axial`, `coronal`, `sagittal`, `oblique`, or empty.
    qualifiers : tuple of str
        What distinguishes the stack from others of its series, such as `echo 2 of 2`.
    time_point, time_points : int
        Index in a time series, from 0, and the number of its time points; 0 and 1 without one.
    has_times : bool
        Whether the files state the times; otherwise slices at the same places are sorted by instance number.
    """

    slices: tuple[DicomSlice, ...]
    plane: str
    qualifiers: tuple[str, ...] = ()
    time_point: int = 0
    time_points: int = 1
    has_times: bool = False


def split_into_stacks(members: Iterable[DicomSlice]) -> list[SliceStack]:
    """Split the slices of one series into stacks, in order of their first slices.

    The plane, image type, echo, b-value and size of the picture always separate slices. Times do only where slices are
    repeated at the same places, because scanners also number the slices of one volume by the time at which each was
    acquired.
    """
    ordered = sorted(members, key=_instance_sort_key)
    groups: dict[tuple[Any, ...], list[DicomSlice]] = {}
    planes: list[tuple[float, ...]] = []
    for item in ordered:
        frame, metadata = item.frame, item.metadata
        plane_index = _plane_index(item.orientation, planes)
        size = (metadata.rows, metadata.columns, metadata.mosaic_count is not None)
        key = (plane_index, frame.image_type, frame.echo, frame.diffusion, size)
        groups.setdefault(key, []).append(item)
    qualifiers = _qualifiers(list(groups))
    stacks = []
    for key, group in groups.items():
        plane = name_plane(planes[key[0]])
        volumes, has_times = _split_times(group)
        for index, volume in enumerate(volumes):
            volume.sort(key=_spatial_sort_key(volume))
            stacks.append(SliceStack(tuple(volume), plane, qualifiers[key], index, len(volumes), has_times))
    return stacks


def natural_sort_key(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Sort `slice 10` after `slice 9`."""
    tokens = re.findall(r"[0-9]{1,18}|[^0-9]+", name)
    return tuple((token.isdecimal(), int(token) if token.isdecimal() else 0, token) for token in tokens)


def _plane_index(orientation: tuple[float, ...], planes: list[tuple[float, ...]]) -> int:
    """Return the index of the plane with this orientation within the tolerance, which is added if it is new."""
    for index, plane in enumerate(planes):
        products = [x * y for x, y in zip(plane, orientation, strict=False)]
        is_parallel = len(products) == 6 and min(sum(products[:3]), sum(products[3:])) >= _MIN_PLANE_COSINE
        if plane == orientation or is_parallel:
            return index
    planes.append(orientation)
    return len(planes) - 1


def _qualifiers(keys: Sequence[tuple[Any, ...]]) -> dict[tuple[Any, ...], tuple[str, ...]]:
    """Return what distinguishes each group of a series, as numbers and words from fixed lists."""
    types, echoes, b_values = (
        sorted({key[field] for key in keys if key[field]}, key=_number_sort_key) for field in (1, 2, 3)
    )

    def describe(key: tuple[Any, ...]) -> Iterator[str]:
        _, image_type, echo, b_value, _ = key
        if image_type and (len(types) > 1 or image_type != "magnitude"):
            yield image_type
        if echo and len(echoes) > 1:
            yield f"echo {echoes.index(echo) + 1} of {len(echoes)}"
        if b_value and len(b_values) > 1:
            number = _to_number(b_value)
            yield f"b {number:g}" if number is not None else f"b-value {b_values.index(b_value) + 1} of {len(b_values)}"

    return {key: tuple(describe(key)) for key in keys}


def _split_times(group: list[DicomSlice]) -> tuple[list[list[DicomSlice]], bool]:
    """Split slices of one plane and contrast into time points, and return whether the files state the times."""
    times = sorted({item.frame.time for item in group}, key=_number_sort_key)
    has_times = len(times) > 1
    places = _places(group)
    if places is None:
        blocks = [[item for item in group if item.frame.time == time] for time in times]
        is_blockwise = [item for block in blocks for item in block] == group and "" not in times
        is_even = has_times and len({len(block) for block in blocks}) == 1 and len(blocks[0]) > 1
        return (blocks, True) if is_even and is_blockwise else ([group], False)
    repeats: dict[int, dict[Any, tuple[Any, ...]]] = {}
    for item, place in zip(group, places, strict=True):
        repeats.setdefault(place, {})[_identity(item)] = (_number_sort_key(item.frame.time), *_instance_sort_key(item))
    count = max(map(len, repeats.values()))
    # Slices all at one place without times have a placeholder as position.
    if count == 1 or (len(repeats) == 1 and not has_times):
        return [group], False
    slices = {(place, _identity(item), item.frame.time) for item, place in zip(group, places, strict=True)}
    per_time = Counter((place, time) for place, _, time in slices)
    if len(times) == count and max(per_time.values()) == 1:
        return [[item for item in group if item.frame.time == time] for time in times], True
    # Each slice has a time of its own, or none is stated: the n-th slice at a place belongs to time point n.
    ranks = {
        (place, identity): rank
        for place, identities in repeats.items()
        for rank, identity in enumerate(sorted(identities, key=identities.__getitem__))
    }
    volumes: list[list[DicomSlice]] = [[] for _ in range(count)]
    for item, place in zip(group, places, strict=True):
        volumes[ranks[place, _identity(item)]].append(item)
    return volumes, has_times


def _places(group: Sequence[DicomSlice]) -> list[int] | None:
    """Number the distinct positions of slices, those of mosaics by their tiles; None if a position is missing."""
    if all(item.metadata.mosaic_count for item in group):
        return [item.frame_index for item in group]
    positions = [item.frame.position for item in group]
    located = sorted((position, index) for index, position in enumerate(positions) if position is not None)
    if len(located) < len(positions):
        return None
    places, place, last = [0] * len(positions), 0, located[0][0]
    for position, index in located:
        place, last = place + (position - last > _PLACE_TOLERANCE), position
        places[index] = place
    return places


def _identity(item: DicomSlice) -> Any:
    """Return what copies of a slice share, so that a copy is not taken for another time point."""
    number = item.metadata.instance_number
    return (item.sha256 if number is None else number), item.frame_index


def _spatial_sort_key(members: Sequence[DicomSlice]) -> Any:
    """Choose the best sort key that all slices have."""
    if all(item.frame.position is not None for item in members):
        return lambda item: (item.frame.position, *_instance_sort_key(item))
    if all(item.metadata.instance_number is not None for item in members):
        return _instance_sort_key
    return lambda item: (natural_sort_key(item.name), item.frame_index)


def _instance_sort_key(item: DicomSlice) -> tuple[Any, ...]:
    return item.metadata.instance_number or 0, item.frame_index, natural_sort_key(item.name)


def _number_sort_key(text: str) -> tuple[bool, float, str]:
    """Sort numbers by value, before other texts."""
    number = _to_number(text)
    return number is None, number or 0.0, text


def _to_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
