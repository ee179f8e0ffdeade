"""Slices of a NIfTI volume along each plane of the body, as scans on square pixels."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.errors import ScanError
from braintumor.imaging.build import checked
from braintumor.imaging.decode import check_size
from braintumor.imaging.grey import deep
from braintumor.imaging.refusal import Refusal
from braintumor.imaging.scan import Scan, SeriesPlace
from braintumor.imaging.volume import Volume, read_volume
from braintumor.settings import Settings

# Voxels this much longer one way than the other are made square, for a head has its shape and models know it.
_SQUARE: Final = 1.02
_ABSURD: Final = 10.0


class _Plane(NamedTuple):
    """A plane of the body, by axes in the order right, front, top: the one it runs along, its rows and columns."""

    title: str
    axis: int
    rows: int
    columns: int


_PLANES: Final = (_Plane("Axial", 2, 1, 0), _Plane("Coronal", 1, 2, 0), _Plane("Sagittal", 0, 2, 1))


def slices_of(data: bytes, sha256: str, name: str, settings: Settings) -> Iterator[Scan | Refusal]:
    """Slices of a volume along each plane that has enough of them to make a picture; blank ones are passed over.

    Raises
    ------
    ScanError
        The volume cannot be read at all.
    """
    volume = read_volume(data, name, settings)
    for plane in _cuts(volume, name, settings):
        count = volume.stored.shape[plane.axis]
        for index in range(count):
            series = SeriesPlace(f"{sha256[:20]}{plane.axis}", f"{plane.title}, {count} slices", index, count)
            shown = f"{name} [{plane.title.lower()} {index + 1}]"
            try:
                found = _slice(volume, plane, series, shown, sha256)
            except ScanError as error:
                yield Refusal(shown, str(error), sha256)
                continue
            if found is not None:
                yield found


def _cuts(volume: Volume, name: str, settings: Settings) -> list[_Plane]:
    shape = volume.stored.shape
    cuts = [plane for plane in _PLANES if min(shape[plane.rows], shape[plane.columns]) >= settings.min_side]
    if not cuts:
        raise ScanError(
            f"{name}: {' x '.join(map(str, shape))} voxels are too few to read. "
            f"Give slices of at least {settings.min_side} pixels a side."
        )
    if sum(shape[plane.axis] for plane in cuts) > settings.max_frames:
        raise ScanError(f"{name}: it holds more than the {settings.max_frames:,} slices allowed. Export a part of it.")
    for plane in cuts:
        sizes = volume.sizes[plane.rows], volume.sizes[plane.columns]
        check_size(*_squared(shape[plane.rows], shape[plane.columns], sizes), name, settings, is_deep=True)
    return cuts


def _slice(volume: Volume, plane: _Plane, series: SeriesPlace, name: str, sha256: str) -> Scan | None:
    values = volume.cut(plane.axis, series.index)
    if values.min() == values.max():
        return None
    values, spacing = _square(values, (volume.sizes[plane.rows], volume.sizes[plane.columns]))
    grey = deep(values, name, volume.edges)
    if grey.values.min() == grey.values.max():  # all of it below or above the volume's window
        return None
    return checked(grey, name, sha256, "F", series, spacing, volume.warnings)


def _square(
    values: NDArray[np.float32], spacing: tuple[float, float]
) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """Values on square pixels of the smaller side, and their spacing; as they are where they are square or absurd."""
    rows, columns = values.shape
    size = _squared(rows, columns, spacing)
    if size == (columns, rows):
        return values, spacing
    resized = np.array(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR))
    return resized, (rows * spacing[0] / size[1], columns * spacing[1] / size[0])


def _squared(rows: int, columns: int, spacing: tuple[float, float]) -> tuple[int, int]:
    """Width and height on square pixels."""
    side = min(spacing)
    if not _SQUARE < max(spacing) / side < _ABSURD:
        return columns, rows
    return max(1, round(columns * spacing[1] / side)), max(1, round(rows * spacing[0] / side))
