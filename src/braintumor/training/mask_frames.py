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
from braintumor.imaging import InputSpec, preprocess, read_scan
from braintumor.settings import Settings, get_settings
from braintumor.training.frames import cache_path
from braintumor.vocabulary import TumorClass

_MASK_COLUMNS = ["path", "sha256", "width", "height"]


def load_input_masks(
    manifest: pd.DataFrame, input_spec: InputSpec, settings: Settings | None = None
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
    rows = manifest[_MASK_COLUMNS].to_dict("records")
    # Masks fetched later make other frames: how many there are is part of the name.
    fetched = sum(1 for _ in masks_folder(settings).glob("*.png"))
    path = cache_path(f"masks-{fetched}", manifest, input_spec, settings)
    if path.is_file():
        masks = np.load(path)
    else:
        with ProcessPoolExecutor(settings.workers or os.cpu_count()) as pool:
            masks = np.stack(list(pool.map(partial(_preprocess_mask, settings, input_spec), rows, chunksize=64)))
        _save_array(path, masks)
    healthy = (manifest["label"] == str(TumorClass.NOTUMOR)).to_numpy()
    return masks, healthy | masks.any(axis=(1, 2))


def _preprocess_mask(settings: Settings, input_spec: InputSpec, manifest_row: dict[str, Any]) -> NDArray[np.uint8]:
    mask = load_mask(manifest_row, settings)
    if mask is None:
        return np.zeros((input_spec.height, input_spec.width), np.uint8)
    geometry = preprocess(read_scan(settings.dataset / manifest_row["path"], settings=settings), input_spec)[1]
    return geometry.mask_to_input(mask).astype(np.uint8)


def _save_array(path: Path, masks: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial_path = path.with_name(f"part-{path.name}")
    np.save(partial_path, masks)
    partial_path.replace(path)
