"""Cache of preprocessed images and masks: one array on disk per image set and input specification."""

import hashlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from braintumor.datasets.catalog import KAGGLE, ImageSet
from braintumor.datasets.external.sets import EXTERNAL_SET, load_external_mask
from braintumor.datasets.masks import load_mask, masks_folder
from braintumor.enums import OTHER_LESION_LABEL, TumorClass
from braintumor.errors import DatasetError, ScanError
from braintumor.imaging import InputSpec, preprocess, read_scan
from braintumor.imaging.windowing import WINDOW_PERCENTILES
from braintumor.process_pool import process_pool
from braintumor.settings import Settings, get_settings

_CHUNK_SIZE: Final = 64  # images preprocessed and written at a time
_MASK_COLUMNS: Final = ["path", "sha256", "width", "height"]


def load_model_inputs(
    manifest: pd.DataFrame,
    input_spec: InputSpec,
    settings: Settings | None = None,
    image_set: ImageSet = KAGGLE,
) -> NDArray[np.uint8]:
    """Load the preprocessed image of every row of a manifest, in its order.

    The first call preprocesses the images in parallel. If it is interrupted, the next call continues: finished chunks
    are recorded in a file next to the array.

    Parameters
    ----------
    image_set : ImageSet
        Set whose folder in `settings.inputs` the paths of the manifest are relative to.

    Returns
    -------
    ndarray of uint8, shape (rows, input_spec.height, input_spec.width)

    Raises
    ------
    DatasetError
        An image of the manifest is missing or cannot be read.
    """
    settings = settings or get_settings()
    path = cache_path("model-inputs", manifest, input_spec, settings)
    chunk_log = path.with_suffix(".done")
    shape = (len(manifest), input_spec.height, input_spec.width)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape).flush()
        chunk_log.write_text("")
    finished = {int(line) for line in chunk_log.read_text().split()} if chunk_log.is_file() else set()
    paths = manifest["path"].tolist()
    chunks = {start: paths[start : start + _CHUNK_SIZE] for start in range(0, len(paths), _CHUNK_SIZE)}
    missing = {start: chunk for start, chunk in chunks.items() if start not in finished}
    if missing:
        preprocess_chunk = partial(_preprocess_chunk, settings, input_spec, image_set)
        _write_chunks(path, chunk_log, missing, preprocess_chunk, settings)
    return np.load(path)


def load_input_masks(
    manifest: pd.DataFrame, input_spec: InputSpec, settings: Settings | None = None, image_set: ImageSet = KAGGLE
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Load the mask of every row of a manifest in model input geometry, in its order; in parallel the first time.

    Returns
    -------
    masks : ndarray of uint8, shape (rows, input_spec.height, input_spec.width)
        1 where there is tumour.
    mask_known : ndarray of bool, shape (rows,)
        Whether the mask is the reference: the tumour is outlined, or there is none. The mask of a tumour without an
        outline is all zero and has no meaning.
    """
    settings = settings or get_settings()
    rows = manifest[_MASK_COLUMNS].to_dict("records")
    # The number of mask files is part of the name, so that masks downloaded later invalidate the cache.
    if image_set == EXTERNAL_SET:
        kind = f"external-masks-{sum(1 for _ in (settings.inputs / image_set.folder).glob('*/masks/*.png'))}"
    else:
        kind = f"masks-{sum(1 for _ in masks_folder(settings).glob('*.png'))}"
    preprocess_mask = partial(_preprocess_mask, settings, input_spec, image_set)
    masks = _load_or_make(cache_path(kind, manifest, input_spec, settings), preprocess_mask, rows, settings)
    tumor_free = manifest["label"].isin([str(TumorClass.NOTUMOR), OTHER_LESION_LABEL]).to_numpy()
    return masks, tumor_free | masks.any(axis=(1, 2))


def cache_path(kind: str, manifest: pd.DataFrame, input_spec: InputSpec, settings: Settings) -> Path:
    """Return the cache file of an array with one entry per row; its name depends on images and preparation."""
    preparation = [WINDOW_PERCENTILES, input_spec.to_dict()]
    content = json.dumps([*preparation, manifest["path"].tolist(), manifest["sha256"].tolist()])
    return settings.cache_folder / f"{kind}-{hashlib.sha256(content.encode()).hexdigest()[:16]}.npy"


def _write_chunks(
    path: Path,
    chunk_log: Path,
    chunks: dict[int, list[str]],
    preprocess_chunk: Callable[[list[str]], NDArray[np.uint8]],
    settings: Settings,
) -> None:
    """Preprocess chunks of files in parallel, and write each to its rows of the array and its start to the log."""
    array = np.lib.format.open_memmap(path, mode="r+")
    progress = tqdm(total=sum(map(len, chunks.values())), desc="preprocess", unit="img", disable=None)
    with process_pool(settings) as pool, chunk_log.open("a") as log, progress:
        for start, images in zip(chunks, pool.map(preprocess_chunk, chunks.values()), strict=True):
            array[start : start + len(images)] = images
            array.flush()
            log.write(f"{start}\n")
            log.flush()
            progress.update(len(images))


def _preprocess_chunk(
    settings: Settings, input_spec: InputSpec, image_set: ImageSet, paths: list[str]
) -> NDArray[np.uint8]:
    return np.stack([_preprocess_file(settings, input_spec, image_set, path) for path in paths])


def _preprocess_file(settings: Settings, input_spec: InputSpec, image_set: ImageSet, path: str) -> NDArray[np.uint8]:
    try:
        return preprocess(read_scan(settings.inputs / image_set.folder / path, settings=settings), input_spec)[0]
    except ScanError as error:
        remedy = f"{image_set.command}, then braintumor data audit" if image_set == KAGGLE else image_set.command
        raise DatasetError(f"{error} The image is listed in the manifest: run {remedy}.") from error


def _load_or_make(
    path: Path, preprocess_row: Callable[[dict[Any, Any]], NDArray[Any]], rows: list[dict[Any, Any]], settings: Settings
) -> NDArray[Any]:
    """Load an array from its cache file, or make it row by row in parallel and save it."""
    if path.is_file():
        return np.asarray(np.load(path))
    with process_pool(settings) as pool:
        array = np.stack(list(pool.map(preprocess_row, rows, chunksize=_CHUNK_SIZE)))
    _save_array(path, array)
    return array


def _preprocess_mask(
    settings: Settings, input_spec: InputSpec, image_set: ImageSet, manifest_row: dict[str, Any]
) -> NDArray[np.uint8]:
    mask = (load_external_mask if image_set == EXTERNAL_SET else load_mask)(manifest_row, settings)
    if mask is None:
        return np.zeros((input_spec.height, input_spec.width), np.uint8)
    scan = read_scan(settings.inputs / image_set.folder / manifest_row["path"], settings=settings)
    geometry = preprocess(scan, input_spec)[1]
    return geometry.mask_to_input(mask).astype(np.uint8)


def _save_array(path: Path, array: NDArray[np.generic]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial_path = path.with_name(f"part-{path.name}")
    np.save(partial_path, array)
    partial_path.replace(path)
