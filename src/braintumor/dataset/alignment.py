"""Tumour masks brought onto the pixel grid of the Kaggle images they belong to."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.errors import DatasetError
from braintumor.settings import Settings, get_settings

# Masks were stored through JPEG once: values lie near 0 and near 255, and this separates them.
MASK_THRESHOLD: Final = 127


@dataclass(frozen=True, slots=True)
class MaskSource:
    """Which mask file belongs to an image, and whether it must be mirrored left to right to lie over it."""

    file: str
    mirrored: bool


def masks_folder(settings: Settings | None = None) -> Path:
    """Where masks lie: `inputs/brisc-masks`."""
    return (settings or get_settings()).inputs / "brisc-masks"


def load_mask(manifest_row: Mapping[str, Any], settings: Settings | None = None) -> NDArray[np.bool_] | None:
    """The tumour mask of an image, on the image's own pixel grid.

    Parameters
    ----------
    row : mapping
        A manifest row: `path`, `sha256`, `width` and `height` are read.

    Returns
    -------
    ndarray of bool, shape (height, width), or None
        None where no mask is known or it was not fetched.

    Raises
    ------
    DatasetError
        The mask file is damaged.
    """
    settings = settings or get_settings()
    source = find_mask_source(manifest_row["path"], manifest_row["sha256"], settings)
    if source is None or not (masks_folder(settings) / source.file).is_file():
        return None
    return read_mask(
        masks_folder(settings) / source.file, source.mirrored, (int(manifest_row["width"]), int(manifest_row["height"]))
    )


def read_mask(file: Path, mirrored: bool, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Read a mask file, mirror it where asked, and fit it to an image of `size` (width, height)."""
    try:
        with Image.open(file) as opened:
            image = opened.convert("L")
    except (OSError, ValueError, SyntaxError) as error:
        raise DatasetError(
            f"{file.name}: the mask is damaged. Remove it and run: braintumor data fetch --masks"
        ) from error
    if mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if image.size != size:
        image = image.resize(size, Image.Resampling.BILINEAR)
    return np.asarray(image) > MASK_THRESHOLD


def find_mask_source(path: str, sha256: str, settings: Settings) -> MaskSource | None:
    """The mask file of an image: by path from a set's own `provenance.csv`, else by content from the shipped table."""
    own = settings.dataset / "provenance.csv"
    if own.is_file():
        return _sources_by_path(own, own.stat().st_mtime_ns).get(path)
    return _sources_by_content().get(sha256)


def expected_mask_files(settings: Settings) -> set[str]:
    """File names of all masks that belong to images of the set."""
    own = settings.dataset / "provenance.csv"
    known = _sources_by_path(own, own.stat().st_mtime_ns) if own.is_file() else _sources_by_content()
    return {source.file for source in known.values()}


@functools.lru_cache(maxsize=4)
def _sources_by_path(provenance: Path, _stamp: int) -> dict[str, MaskSource]:
    import pandas as pd

    table = pd.read_csv(provenance, dtype=str, keep_default_na=False)
    return _build_mask_sources(table["split"] + "/" + table["label"] + "/" + table["file"], table)


@functools.cache
def _sources_by_content() -> dict[str, MaskSource]:
    from braintumor.dataset.table import load_file_table

    table = load_file_table()
    return _build_mask_sources(table["sha256"], table)


def _build_mask_sources(keys: Any, provenance: Any) -> dict[str, MaskSource]:
    rows = zip(keys, provenance["brisc_file"], provenance["brisc_transform"], strict=True)
    return {key: MaskSource(f"{Path(file).stem}.png", transform == "mirror") for key, file, transform in rows if file}
