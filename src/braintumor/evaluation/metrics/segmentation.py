"""Localization metrics: how well predicted masks and heat maps match reference masks."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.imaging.geometry import MapExtent
from braintumor.inference.detection import MASK_THRESHOLD
from braintumor.inference.outputs import Outputs

Floats = NDArray[np.float64]
# A cell counts as tumour if at least half of it is.
_MIN_COVERAGE: Final = 0.5


def localization_metrics(
    outputs: Outputs, masks: NDArray[np.uint8], labels: NDArray[np.int64], extent: MapExtent | None = None
) -> dict[str, Floats]:
    """Compare each scan's outputs with its reference mask, at the resolution of the output.

    Parameters
    ----------
    outputs : Outputs
        Of n scans.
    masks : ndarray of uint8, shape (n, height, width)
        Reference masks in model-input coordinates; scans with an empty mask are ignored.
    labels : ndarray of int, shape (n,)
    extent : (left, top, right, bottom), optional
        Part of the model input that heat maps cover; all of it by default.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        With predicted masks: `dice`, `iou` and `pointing_game` (whether the highest mask value lies inside the tumour,
        Zhang et al. 2018). With heat maps: `activation_inside` (share of the evidence for the true class that lies
        inside the tumour) and `map_pointing_game`. Always: `outline_share`, the share of the image covered by the
        tumour, which uniformly spread evidence would reach. NaN where a scan has no reference mask or no evidence.
    """
    tumor_shares = masks.mean(axis=(1, 2))
    metrics: dict[str, Floats] = {"outline_share": np.where(tumor_shares > 0, tumor_shares, np.nan)}
    rows_with_mask = np.flatnonzero(tumor_shares)
    if outputs.mask is not None:
        _add_nan_columns(metrics, ("dice", "iou", "pointing_game"), len(labels))
        for row in rows_with_mask:
            truth = _tumor_cells(mask_coverage(masks[row], outputs.mask.shape[1:3]))
            metrics["dice"][row], metrics["iou"][row] = dice_and_iou(truth, outputs.mask[row] > MASK_THRESHOLD)
            metrics["pointing_game"][row] = _peak_inside(outputs.mask[row], truth)
    if outputs.maps is not None:
        _add_nan_columns(metrics, ("activation_inside", "map_pointing_game"), len(labels))
        for row in rows_with_mask:
            evidence = outputs.maps[row, labels[row]].astype(np.float64)
            inside = mask_coverage(masks[row], evidence.shape, extent)
            if evidence.sum() > 0:
                metrics["activation_inside"][row] = (evidence * inside).sum() / evidence.sum()
                metrics["map_pointing_game"][row] = _peak_inside(evidence, _tumor_cells(inside))
    return metrics


def mask_coverage(mask: NDArray[np.uint8], shape: tuple[int, ...], extent: MapExtent | None = None) -> Floats:
    """Return the tumour share of each cell of a (rows, columns) grid over the image or an extent of it."""
    left, top, right, bottom = extent or (0.0, 0.0, float(mask.shape[1]), float(mask.shape[0]))
    # Cells of padded layers extend beyond the image, where there is no tumour.
    margin = max(0, *(math.ceil(edge) for edge in (-left, -top, right - mask.shape[1], bottom - mask.shape[0])))
    image = Image.fromarray(np.pad(mask, margin).astype(np.float32))
    box = (left + margin, top + margin, right + margin, bottom + margin)
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BOX, box=box), np.float64)


def dice_and_iou(truth: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> tuple[float, float]:
    """Compute Dice coefficient and intersection over union of two masks that are not both empty."""
    intersection, union = int((truth & predicted).sum()), int((truth | predicted).sum())
    return 2 * intersection / (intersection + union), intersection / union


def _tumor_cells(cells: Floats) -> NDArray[np.bool_]:
    """Select tumour cells: at least half covered, or the most covered cell if the tumour fills no cell by half."""
    return np.asarray((cells > 0) & (cells >= min(_MIN_COVERAGE, float(cells.max()))))


def _peak_inside(values: NDArray[np.floating], truth: NDArray[np.bool_]) -> float:
    return float(truth.flat[int(values.argmax())])


def _add_nan_columns(columns: dict[str, Floats], names: tuple[str, ...], count: int) -> None:
    columns.update({name: np.full(count, np.nan) for name in names})
