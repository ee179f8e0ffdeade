"""Tumour masks as training sees them: laid over the standardized frames, and kept beside them."""

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.dataset.alignment import load_mask, masks_folder
from braintumor.imaging import InputContract, read_scan, standardize
from braintumor.settings import Settings, get_settings
from braintumor.training.frames import cache_file
from braintumor.vocabulary import TumorClass

_COLUMNS = ["path", "sha256", "width", "height"]


def load_mask_frames(
    manifest: pd.DataFrame, contract: InputContract, settings: Settings | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Mask frames of every row of the manifest, in its order, read in parallel the first time.

    Returns
    -------
    masks : ndarray of uint8, shape (rows, contract.height, contract.width)
        One where there is tumour.
    known : ndarray of bool, shape (rows,)
        Whether the mask is the truth: it was outlined, or there is no tumour to outline. The mask of a tumour nobody
        outlined is all zero and means nothing.
    """
    settings = settings or get_settings()
    rows = manifest[_COLUMNS].to_dict("records")
    # Masks fetched later make other frames: how many there are is part of the name.
    fetched = sum(1 for _ in masks_folder(settings).glob("*.png"))
    path = cache_file(f"masks-{fetched}", manifest, contract, settings)
    if path.is_file():
        masks = np.load(path)
    else:
        with ProcessPoolExecutor(settings.workers or os.cpu_count()) as pool:
            masks = np.stack(list(pool.map(partial(_mask, settings, contract), rows, chunksize=64)))
        _save(path, masks)
    healthy = (manifest["label"] == str(TumorClass.NOTUMOR)).to_numpy()
    return masks, healthy | masks.any(axis=(1, 2))


def _mask(settings: Settings, contract: InputContract, row: dict[str, Any]) -> NDArray[np.uint8]:
    mask = load_mask(row, settings)
    if mask is None:
        return np.zeros((contract.height, contract.width), np.uint8)
    geometry = standardize(read_scan(settings.dataset / row["path"], settings=settings), contract)[1]
    return geometry.mask_to_frame(mask).astype(np.uint8)


def _save(path: Path, masks: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial_path = path.with_name(f"part-{path.name}")
    np.save(partial_path, masks)
    partial_path.replace(path)
