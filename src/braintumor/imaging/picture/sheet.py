"""Multi-panel sheets: several slices of similar size side by side in one picture."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.imaging.picture.reduction import ReducedPicture

# Left, top, right, bottom of a panel in pixels; right and bottom exclusive.
Panel = tuple[int, int, int, int]

_MAX_PANELS_PER_SIDE: Final = 8
# Occupied share at the fullest boundary of panels, relative to the centres of panels, along one side.
_MAX_BOUNDARY_SHARE: Final = 0.6
# Width over height of a panel.
_ASPECTS: Final = (0.5, 1.9)
# Mean correlation of the occupied blocks of neighbouring panels.
_MIN_CORRELATION: Final = 0.33
_PANEL_SIDE: Final = 24
_TISSUE_CONTRAST: Final = 24
# Rows and columns of blocks with no larger range are lines between panels.
_LINE_LEVELS: Final = 12


def find_panels(picture: ReducedPicture) -> tuple[Panel, ...]:
    """Find the panels of a sheet.

    Returns
    -------
    tuple of (left, top, right, bottom)
        Boxes in pixels, from left to right and top to bottom; empty for a single slice.
    """
    levels = _occupancy(picture)
    columns = _counts(levels.mean(axis=0))
    rows = _counts(levels.mean(axis=1))
    if not rows and not columns:
        return ()
    height, width = levels.shape
    grids = [
        (n_rows, n_columns)
        for n_rows in (1, *rows)
        for n_columns in (1, *columns)
        if n_rows * n_columns > 1 and _ASPECTS[0] <= (width / n_columns) / (height / n_rows) <= _ASPECTS[1]
    ]
    for grid in sorted(grids, key=lambda grid: -grid[0] * grid[1]):  # a sheet of 4 x 4 is one of 2 x 2, too
        if _similarity(levels, *grid) > _MIN_CORRELATION:
            return _boxes(picture.pixels.shape, *grid)
    return ()


def grid_size(panels: tuple[Panel, ...]) -> tuple[int, int]:
    """Return the numbers of rows and columns of the panels of a sheet."""
    return len({top for _, top, _, _ in panels}), len({left for left, _, _, _ in panels})


def _occupancy(picture: ReducedPicture) -> NDArray[np.float32]:
    """Return 1 for blocks brighter than the background, 0 for others and for the lines between panels."""
    occupied = picture.brightest > picture.background + _TISSUE_CONTRAST
    for axis in (0, 1):
        extent = picture.brightest.max(axis=axis).astype(np.int16) - picture.darkest.min(axis=axis)
        occupied &= np.expand_dims(extent > _LINE_LEVELS, axis)
    return occupied.astype(np.float32)


def _counts(profile: NDArray[np.float32]) -> list[int]:
    """Return the numbers of panels for which the profile along a side is dark at the boundaries of panels."""
    limits = (_MAX_BOUNDARY_SHARE * profile).tolist()
    levels = profile.tolist()
    middle = levels[round(0.28 * len(levels)) : round(0.72 * len(levels)) + 1]
    if min(middle) > max(limits):  # one head is widest in the middle
        return []
    counts = []
    for count in range(2, _MAX_PANELS_PER_SIDE + 1):
        width = len(levels) / count
        if width < 10:
            break
        smooth = max(1, round(width * 0.06))
        boundaries = [
            min(levels[max(0, round(i * width) - smooth) : round(i * width) + smooth]) for i in range(1, count)
        ]
        centers = [max(limits[round((i + 0.3) * width) : round((i + 0.7) * width) + 1]) for i in range(count)]
        if max(boundaries) <= sorted(centers)[(len(centers) - 1) // 3]:
            counts.append(count)
    return counts


def _similarity(levels: NDArray[np.float32], rows: int, columns: int) -> float:
    """Return the mean correlation of neighbouring panels."""
    height, width = levels.shape
    y = ((np.arange(rows)[:, None] + (np.arange(_PANEL_SIDE) + 0.5) / _PANEL_SIDE) * height / rows).astype(int)
    x = ((np.arange(columns)[:, None] + (np.arange(_PANEL_SIDE) + 0.5) / _PANEL_SIDE) * width / columns).astype(int)
    panels = levels[y[:, None, :, None], x[None, :, None, :]].reshape(rows, columns, -1)
    panels = panels - panels.mean(axis=2, keepdims=True)
    norms = np.linalg.norm(panels, axis=2, keepdims=True)
    is_empty = norms[..., 0] < 0.1 * _PANEL_SIDE
    panels = panels / np.maximum(norms, 1e-6)
    pairs = [(panels[:, 1:] * panels[:, :-1]).sum(axis=2)[~(is_empty[:, 1:] | is_empty[:, :-1])]]
    pairs.append((panels[1:] * panels[:-1]).sum(axis=2)[~(is_empty[1:] | is_empty[:-1])])
    values = np.concatenate(pairs)
    return float(values.mean()) if values.size else 0.0


def _boxes(shape: tuple[int, ...], rows: int, columns: int) -> tuple[Panel, ...]:
    height, width = shape[:2]
    return tuple(
        (width * j // columns, height * i // rows, width * (j + 1) // columns, height * (i + 1) // rows)
        for i in range(rows)
        for j in range(columns)
    )
