"""The training cache: every image of the manifest, standardized once, on disk as one array of 8-bit frames."""

import hashlib
import json
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from braintumor.dataset.sets import KAGGLE, ImageSet
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
