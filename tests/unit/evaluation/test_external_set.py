"""External set: near-duplicates are found in any orientation, clustered and cached."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import TumorClass
from braintumor.evaluation.external_set import index_external_images
from braintumor.settings import Settings


def _save(pixels: np.ndarray, path: object) -> None:
    Image.fromarray(np.ascontiguousarray(pixels)).save(path)


@pytest.fixture
def manifest(workspace: Settings) -> pd.DataFrame:
    """Write two dataset scans, and an external set with a rotated copy, a new image twice and a broken file."""
    scans = [make_phantom(TumorClass.GLIOMA, seed, 160).pixels for seed in (1, 2, 30)]
    (workspace.dataset / "Training").mkdir(parents=True)
    for i in range(2):
        _save(scans[i], workspace.dataset / "Training" / f"{i}.png")
    folder = workspace.inputs / "brain-tumor-yes-no"
    for label in ("yes", "no"):
        (folder / label).mkdir(parents=True)
    _save(np.rot90(scans[0]), folder / "no" / "rotated.png")
    _save(scans[2], folder / "yes" / "new.png")
    _save(scans[2][:, ::-1], folder / "yes" / "mirrored.png")
    (folder / "yes" / "broken.png").write_bytes(b"not an image")
    paths = [f"Training/{i}.png" for i in range(2)]
    return pd.DataFrame({"path": paths, "sha256": ["a", "b"]})


def test_near_duplicates_are_found_and_clustered(manifest: pd.DataFrame, workspace: Settings) -> None:
    images = index_external_images(manifest, workspace).set_index("path")
    assert images["new"].to_dict() == {"no/rotated.png": False, "yes/mirrored.png": True, "yes/new.png": True}
    assert images.loc["yes/new.png", "cluster"] == images.loc["yes/mirrored.png", "cluster"]


def test_index_is_cached_until_an_image_changes(manifest: pd.DataFrame, workspace: Settings) -> None:
    before = index_external_images(manifest, workspace)
    cache_files = list((workspace.inputs / ".cache").glob("outside-*.csv"))
    cache_files[0].write_text("path,label,bits,new,cluster\nyes/cached.png,yes,50,True,0\n")
    assert list(index_external_images(manifest, workspace)["path"]) == ["yes/cached.png"]
    (workspace.inputs / "brain-tumor-yes-no" / "yes" / "broken.png").unlink()
    assert len(index_external_images(manifest, workspace)) == len(before)
