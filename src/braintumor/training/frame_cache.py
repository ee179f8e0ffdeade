"""The training cache: every image of the manifest, standardized once, on disk as one array of 8-bit frames."""

import hashlib
import json
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from braintumor.datasets.catalog import KAGGLE, ImageSet
from braintumor.datasets.masks import load_mask, masks_folder
from braintumor.enums import TumorClass
from braintumor.errors import DatasetError, ScanError
from braintumor.imaging import InputSpec, preprocess, read_scan
from braintumor.settings import Settings, get_settings

_CHUNK = 64


def load_model_inputs(
    manifest: pd.DataFrame,
    input_spec: InputSpec,
    settings: Settings | None = None,
    image_set: ImageSet = KAGGLE,
) -> NDArray[np.uint8]:
    """Frames of every row of the manifest, in its order, decoded in parallel the first time.

    A killed first time goes on from where it was: chunks already done are marked beside the array. The paths of the
    manifest are relative to the folder of `image_set` in `settings.inputs`.

    Returns
    -------
    ndarray of uint8, shape (rows, contract.height, contract.width)

    Raises
    ------
    DatasetError
        An image named in the manifest is missing or cannot be read.
    """
    settings = settings or get_settings()
    path = cache_path("frames", manifest, input_spec, settings)
    marks = path.with_suffix(".done")  # the chunks that are finished
    shape = (len(manifest), input_spec.height, input_spec.width)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape).flush()
        marks.write_text("")
    done = {int(line) for line in marks.read_text().split()} if marks.is_file() else set()
    starts = [s for s in range(0, len(manifest), _CHUNK) if s not in done]
    if starts:
        paths = manifest["path"].tolist()
        chunks = [paths[s : s + _CHUNK] for s in starts]
        read = partial(_preprocess_chunk, settings, input_spec, image_set)
        array = np.lib.format.open_memmap(path, mode="r+")
        workers = settings.workers or os.cpu_count() or 1
        with (
            ProcessPoolExecutor(workers) as pool,
            marks.open("a") as file,
            tqdm(total=len(paths), initial=len(done) * _CHUNK, desc="standardize", unit="img", disable=None) as bar,
        ):
            for start, frames in zip(starts, pool.map(read, chunks), strict=True):
                array[start : start + len(frames)] = frames
                array.flush()
                file.write(f"{start}\n")
                file.flush()
                bar.update(len(frames))
    return np.load(path)


def cache_path(kind: str, manifest: pd.DataFrame, input_spec: InputSpec, settings: Settings) -> Path:
    """Where an array with one entry per row of the manifest is kept; named by what it holds."""
    content = json.dumps([input_spec.to_dict(), manifest["path"].tolist(), manifest["sha256"].tolist()])
    return settings.cache_folder / f"{kind}-{hashlib.sha256(content.encode()).hexdigest()[:16]}.npy"


def _preprocess_chunk(
    settings: Settings, input_spec: InputSpec, image_set: ImageSet, paths: list[str]
) -> NDArray[np.uint8]:
    return np.stack([_preprocess_file(settings, input_spec, image_set, path) for path in paths])


def _preprocess_file(settings: Settings, input_spec: InputSpec, image_set: ImageSet, path: str) -> NDArray[np.uint8]:
    try:
        return preprocess(read_scan(settings.inputs / image_set.folder / path, settings=settings), input_spec)[0]
    except ScanError as error:
        again = f"{image_set.command}, then braintumor data audit" if image_set == KAGGLE else image_set.command
        raise DatasetError(f"{error} The manifest names this image: run {again}.") from error


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
