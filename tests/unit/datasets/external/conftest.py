"""Small external sets of phantoms and one volume, in the layout of the prepared sets."""

import shutil
from pathlib import Path
from typing import Final

import nibabel
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import TumorClass
from scripts.external_file_table import SCANS_FILE, write_external_table

VOLUME_NAME: Final = "ds000011_sub-01_T1w.nii.gz"
_PATIENTS: Final = 5


@pytest.fixture(scope="session")
def unchanged_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with `scans`, `volumes` and `table.csv`, the table of their files; no test may change it."""
    folder = tmp_path_factory.mktemp("external")
    scans = [
        *_write_images(folder / "scans", "lgg_other", TumorClass.GLIOMA, "FLAIR"),
        *_write_images(folder / "scans", "lgg_other", TumorClass.NOTUMOR, "FLAIR"),
        *_write_images(folder / "scans", "ds000011", TumorClass.NOTUMOR, "T1"),
        *_write_images(folder / "scans", "yale_mets_t2", TumorClass.MENINGIOMA, "T2", label="tumor"),
        *_write_images(folder / "scans", "openms_ljubljana", TumorClass.NOTUMOR, "T2", label="other-lesion"),
    ]
    pd.DataFrame(scans).to_csv(folder / "scans" / SCANS_FILE, index=False)
    _write_volume(folder / "volumes" / VOLUME_NAME)
    write_external_table(folder / "scans", folder / "volumes", folder / "table.csv")
    return folder


@pytest.fixture
def sources(unchanged_sources: Path, tmp_path: Path) -> Path:
    """A copy of the sources that a test may change."""
    return Path(shutil.copytree(unchanged_sources, tmp_path / "sources"))


def _write_images(folder: Path, name: str, phantom: TumorClass, contrast: str, label: str = "") -> list[dict[str, str]]:
    rows = []
    for number in range(_PATIENTS):
        drawn = make_phantom(phantom, hash_seed(name, phantom, number))
        stem = f"p{number}_{phantom}"
        for subfolder, pixels, suffix in (("images", drawn.pixels, "jpg"), ("masks", drawn.mask, "png")):
            (folder / name / subfolder).mkdir(parents=True, exist_ok=True)
            if subfolder == "images" or (drawn.mask.any() and name != "openms_ljubljana"):
                Image.fromarray(pixels).save(folder / name / subfolder / f"{stem}.{suffix}")
        has_mask = (folder / name / "masks" / f"{stem}.png").is_file()
        rows.append(
            {
                "path": f"{name}/images/{stem}.jpg",
                "set": name,
                "label": label or str(phantom),
                "plane": "axial",
                "contrast": contrast,
                "patient": f"sub-{number + 1:02d}",
                "mask": f"{name}/masks/{stem}.png" if has_mask else "",
                "height": "0.5",
                "note": "defaced" if name == "ds000011" else "",
            }
        )
    return rows


def hash_seed(name: str, phantom: TumorClass, number: int) -> int:
    """Return another seed for each image."""
    return 1000 * len(name) + 100 * len(str(phantom)) + number


def _write_volume(path: Path) -> None:
    """Write a sphere in a volume of 1.5 mm voxels, stored with axes left, posterior, superior."""
    path.parent.mkdir(parents=True, exist_ok=True)
    grid = np.stack(np.meshgrid(*[np.arange(size) for size in (40, 48, 44)], indexing="ij"))
    distance = np.linalg.norm(grid - np.array([20, 24, 22]).reshape(3, 1, 1, 1), axis=0)
    voxels = np.where(distance < 18, 900 - 20 * distance, 0).astype(np.int16)
    voxels[18:22, 6:8, 20:24] = 1500  # a bright nose on the side that is anterior
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([-1.5, -1.5, 1.5, 1.0])), path)
