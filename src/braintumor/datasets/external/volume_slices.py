"""Cut volumes into slices along all three planes, at every height, with skull-stripped copies."""

import hashlib
import io
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import nibabel
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from braintumor.datasets.catalog import KAGGLE_FILE_TABLE
from braintumor.datasets.external.brain_mask import find_brain
from braintumor.datasets.external.sets import SLICES_SUFFIX, VOLUMES, external_folder
from braintumor.enums import Plane
from braintumor.fileio import write_atomically
from braintumor.imaging.nifti import iter_volume_slices
from braintumor.imaging.scan import Scan
from braintumor.imaging.volume import read_volumes
from braintumor.settings import Settings

SLICES_FILE: Final = "slices.csv"
BRAIN, OUTSIDE = "brain", "outside"
_SLICE_DISTANCE: Final = 3.0  # mm
_EXTENTS_FILE: Final = KAGGLE_FILE_TABLE.with_name("brain-extents.csv")
# Axis of the RAS volume that is normal to the plane.
_NORMAL_AXES: Final = {Plane.SAGITTAL: 0, Plane.CORONAL: 1, Plane.AXIAL: 2}
_COLUMNS: Final = ("path", "volume", "plane", "slice_height", "field", "is_stripped")
_STRIPPED_SUFFIX: Final = "_stripped.png"


def cut_volumes(table: pd.DataFrame, settings: Settings) -> int:
    """Cut the volumes present in `inputs/external` about every 3 mm and return the number of slices.

    Each slice becomes an 8-bit PNG in `<set>-slices`, with square pixels and upright. A slice with brain has a
    skull-stripped copy. `slices.csv` lists `path`, `volume`, `plane`, `slice_height` (0 for the
    lowest, posterior or left end of the volume, 1 for the other), `field` (`brain`, `outside`, or empty if the extent
    of the brain is not known) and `is_stripped`. Blank slices are left out, and slices that were cut before are not
    cut again.

    Parameters
    ----------
    table : DataFrame
        Table of expected files.

    Raises
    ------
    ScanError
        A volume cannot be read.
    """
    folder = external_folder(settings)
    paths = [path for path in table["path"] if Path(path).parent.name == VOLUMES and (folder / path).is_file()]
    count = 0
    for name in sorted({Path(path).parts[0] for path in paths}):
        volumes = [folder / path for path in paths if Path(path).parts[0] == name]
        count += _cut_set(folder, f"{name}{SLICES_SUFFIX}", volumes, settings)
    return count


def read_slices(set_name: str, settings: Settings) -> pd.DataFrame:
    """Read the list of slices cut from the volumes of a set, as text; empty if there are none."""
    path = external_folder(settings) / f"{set_name}{SLICES_SUFFIX}" / SLICES_FILE
    return pd.read_csv(path, dtype=str, keep_default_na=False) if path.is_file() else pd.DataFrame(columns=_COLUMNS)


def _cut_set(folder: Path, slices_name: str, volumes: list[Path], settings: Settings) -> int:
    slices = read_slices(slices_name.removesuffix(SLICES_SUFFIX), settings)
    is_done = slices["path"].map(lambda path: (folder / path).is_file()).all()
    if is_done and set(slices["volume"]) == {volume.name for volume in volumes}:
        return len(slices)
    rows = [
        row
        for volume in tqdm(volumes, desc="cut", unit="volume", disable=None)
        for row in _cut_volume(folder, slices_name, volume, settings)
    ]
    slices = pd.DataFrame(rows, columns=list(_COLUMNS))
    write_atomically(folder / slices_name / SLICES_FILE, slices.to_csv(index=False, lineterminator="\n"))
    return len(slices)


def _cut_volume(folder: Path, slices_name: str, volume_file: Path, settings: Settings) -> list[tuple[str, ...]]:
    """Write the slices of one volume and return their rows."""
    data, stem = volume_file.read_bytes(), volume_file.name.removesuffix(".gz").removesuffix(".nii")
    volume = next(read_volumes(data, volume_file.name, settings))
    brain = find_brain(volume.voxels, volume.voxel_sizes)
    masks = {(plane, index): scan for plane, index, scan in _iter_mask_slices(brain, volume.voxel_sizes, settings)}
    rows: list[tuple[str, ...]] = []
    for plane, index, scan in _iter_slices(data, volume_file.name, settings):
        if index % max(1, round(_SLICE_DISTANCE / volume.voxel_sizes[_NORMAL_AXES[plane]])):
            continue
        path = f"{slices_name}/{stem}_{plane}_{index:03d}.png"
        assert scan.series is not None
        row = (volume_file.name, str(plane), f"{index / max(1, scan.series.count - 1):.3f}")
        field, pixels, mask = find_field(stem, plane, index), scan.to_uint8(), masks.get((plane, index))
        _write_png(folder / path, pixels)
        rows.append((path, *row, field, ""))
        if field != OUTSIDE and mask is not None:
            stripped = path.replace(".png", _STRIPPED_SUFFIX)
            _write_png(folder / stripped, np.where(mask > 0, pixels, 0))
            rows.append((stripped, *row, field, "true"))
    return rows


def _iter_slices(data: bytes, name: str, settings: Settings) -> Iterator[tuple[Plane, int, Scan]]:
    """Yield plane, index and scan of the slices of a NIfTI file that are not blank."""
    for source in iter_volume_slices(data, hashlib.sha256(data).hexdigest(), name, settings):
        scan = source.read()
        if isinstance(scan, Scan):
            yield source.position.plane, source.position.index, scan


def _iter_mask_slices(
    brain: NDArray[np.bool_], voxel_sizes: tuple[float, float, float], settings: Settings
) -> Iterator[tuple[Plane, int, NDArray[np.uint8]]]:
    """Yield slices of a brain mask, 255 in the brain, through the same reading as those of the volume."""
    image = nibabel.Nifti1Image(brain.astype(np.uint8), np.diag([*voxel_sizes, 1.0]))
    for plane, index, scan in _iter_slices(image.to_bytes(), "brain mask", settings):
        yield plane, index, np.where(scan.to_uint8() > 127, 255, 0).astype(np.uint8)


def find_field(volume: str, plane: Plane, index: int) -> str:
    """Return `brain` or `outside` for a slice of a volume, by its name without suffix; empty if it is not known."""
    extent = _load_extents().get((volume, str(plane)))
    if extent is None:
        return ""
    return BRAIN if extent[0] <= index <= extent[1] else OUTSIDE


@cache
def _load_extents() -> dict[tuple[str, str], tuple[int, int]]:
    table = pd.read_csv(_EXTENTS_FILE, comment="#")
    keys, extents = zip(table["volume"], table["plane"], strict=True), zip(table["first"], table["last"], strict=True)
    return dict(zip(keys, extents, strict=True))


def is_stripped_copy(image_path: str) -> bool:
    """Check whether an image is the skull-stripped copy of a slice cut from a volume."""
    return image_path.endswith(_STRIPPED_SUFFIX)


def is_cut_slice(image_path: str) -> bool:
    """Check whether an image is a slice cut from a volume, or its skull-stripped copy."""
    return Path(image_path).parent.name.endswith(SLICES_SUFFIX)


def slice_positions(image_paths: Iterable[str]) -> list[float]:
    """Return the approximate positions in mm of slices cut from a volume, along the normal of each plane."""
    stacks, indices = zip(*(Path(path).stem.rsplit("_", 1) for path in image_paths), strict=True)
    table = pd.DataFrame({"stack": stacks, "index": np.array(indices, np.int64)})
    # Slices that are neighbours in the set are about `_SLICE_DISTANCE` apart; blank ones in between are missing.
    steps = table.groupby("stack")["index"].transform(lambda values: values.sort_values().diff().min())
    return [float(place) for place in table["index"] / steps.fillna(1.0) * _SLICE_DISTANCE]


def _write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    write_atomically(path, stream.getvalue())
