"""Localization: whether mask and class map lie on the tumour, on scans whose tumour was outlined."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.imaging.geometry import MapExtent
from braintumor.inference.detection import MASK_THRESHOLD
from braintumor.inference.outputs import Outputs

Floats = NDArray[np.float64]
# A cell counts as tumour where at least half of it is.
_MIN_COVERAGE: Final = 0.5


def localization_metrics(
    outputs: Outputs, masks: NDArray[np.uint8], labels: NDArray[np.int64], extent: MapExtent | None = None
) -> dict[str, Floats]:
    """Agreement with the outline, scan by scan, on the model's frame and at the size of the output judged.

    Parameters
    ----------
    outputs : Outputs
        Of n scans.
    masks : ndarray of uint8, shape (n, height, width)
        Outlines on the frame; a scan without one is not counted.
    labels : ndarray of int, shape (n,)
    extent : (left, top, right, bottom), optional
        Part of the frame that class maps lie over; all of it by default.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        `dice`, `iou` and `pointing_game` (whether the surest pixel of the mask lies inside the outline: Zhang et al.
        2018) where there is a mask; `activation_inside` (share of the evidence for the scan's own class inside the
        outline) and `map_pointing_game` (the same game with the class map) where there are maps; and `outline_share`,
        the share of the frame inside the outline, which evidence spread blindly would reach. NaN where the scan has no
        outline, or no evidence to share out.
    """
    areas = masks.mean(axis=(1, 2))
    found: dict[str, Floats] = {"outline_share": np.where(areas > 0, areas, np.nan)}
    outlined = np.flatnonzero(areas)
    if outputs.mask is not None:
        _add_nan_columns(found, ("dice", "iou", "pointing_game"), len(labels))
        for row in outlined:
            truth = _tumor_cells(mask_coverage(masks[row], outputs.mask.shape[1:3]))
            found["dice"][row], found["iou"][row] = dice_and_iou(truth, outputs.mask[row] > MASK_THRESHOLD)
            found["pointing_game"][row] = _peak_inside(outputs.mask[row], truth)
    if outputs.maps is not None:
        _add_nan_columns(found, ("activation_inside", "map_pointing_game"), len(labels))
        for row in outlined:
            evidence = outputs.maps[row, labels[row]].astype(np.float64)
            inside = mask_coverage(masks[row], evidence.shape, extent)
            if evidence.sum() > 0:
                found["activation_inside"][row] = (evidence * inside).sum() / evidence.sum()
                found["map_pointing_game"][row] = _peak_inside(evidence, _tumor_cells(inside))
    return found


def mask_coverage(mask: NDArray[np.uint8], shape: tuple[int, ...], extent: MapExtent | None = None) -> Floats:
    """Share of each cell of a grid (rows, columns) over the frame, or over an extent of it, that is tumour."""
    left, top, right, bottom = extent or (0.0, 0.0, float(mask.shape[1]), float(mask.shape[0]))
    # Cells of padded layers reach beyond the frame, where there is no tumour.
    rim = max(0, *(math.ceil(edge) for edge in (-left, -top, right - mask.shape[1], bottom - mask.shape[0])))
    picture = Image.fromarray(np.pad(mask, rim).astype(np.float32))
    box = (left + rim, top + rim, right + rim, bottom + rim)
    return np.asarray(picture.resize((shape[1], shape[0]), Image.Resampling.BOX, box=box), np.float64)


def dice_and_iou(truth: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> tuple[float, float]:
    """Dice coefficient and intersection over union of two masks, one of which is not empty."""
    both, either = int((truth & predicted).sum()), int((truth | predicted).sum())
    return 2 * both / (both + either), both / either


def _tumor_cells(cells: Floats) -> NDArray[np.bool_]:
    """Cells that are tumour; of a tumour too small for any, the one with most of it, and of one beyond all, none."""
    return np.asarray((cells > 0) & (cells >= min(_MIN_COVERAGE, float(cells.max()))))


def _peak_inside(values: NDArray[np.floating], truth: NDArray[np.bool_]) -> float:
    return float(truth.flat[int(values.argmax())])


def _add_nan_columns(columns: dict[str, Floats], names: tuple[str, ...], count: int) -> None:
    columns.update({name: np.full(count, np.nan) for name in names})
