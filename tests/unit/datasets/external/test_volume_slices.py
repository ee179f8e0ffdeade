"""Slices cut from volumes: every plane, evenly spaced, upright, and marked inside or outside the brain."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from braintumor.datasets.external import volume_slices
from braintumor.datasets.external.fetch import fetch_external
from braintumor.datasets.external.sets import external_folder
from braintumor.datasets.external.volume_slices import find_field, read_slices
from braintumor.enums import Plane
from braintumor.settings import Settings


@pytest.fixture
def folder(sources: Path, workspace: Settings) -> Path:
    fetch_external(sources / "volumes", sources / "table.csv")
    return external_folder(workspace)


def test_every_second_slice_of_each_plane_is_cut_from_voxels_of_1_5_mm(folder: Path, workspace: Settings) -> None:
    slices = read_slices("ds000011", workspace)
    slices = slices[slices["is_stripped"] == ""]
    assert set(slices["plane"]) == {"axial", "coronal", "sagittal"}
    indices = slices["path"].str.extract(r"_(\d+)\.png")[0].astype(int)
    assert (indices % 2 == 0).all()
    axial = slices[slices["plane"] == "axial"]
    # The sphere of radius 18 fills slices 5 to 39 of 44; blank slices are left out.
    assert axial["slice_height"].astype(float).tolist() == [round(index / 43, 3) for index in range(6, 40, 2)]


def test_slices_are_upright_8_bit_pictures(folder: Path) -> None:
    name = "ds000011_sub-01_T1w_axial_022.png"
    with Image.open(folder / "ds000011-slices" / name) as image:
        assert image.mode == "L"
        assert image.size == (40, 48)
        values = np.asarray(image)
    rows, _ = np.nonzero(values == values.max())
    assert rows.mean() < 24, "the nose must be at the top"


def test_skull_stripped_copy_shows_the_slice_without_the_nose(folder: Path, workspace: Settings) -> None:
    slices = read_slices("ds000011", workspace)
    stripped = slices.loc[slices["is_stripped"] == "true", "path"]
    assert len(stripped)
    for path in stripped:
        copy, whole = (np.asarray(Image.open(folder / name)) for name in (path, path.replace("_stripped", "")))
        assert copy.any()
        assert np.array_equal(copy, np.where(copy > 0, whole, 0))
        if path.endswith("_axial_022_stripped.png"):
            assert np.count_nonzero(copy[whole == whole.max()]) == 0, "the nose is the brightest part"


def test_second_run_cuts_nothing(folder: Path, sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume_slices, "iter_volume_slices", lambda *_: pytest.fail("cut again"))
    assert "slices cut from volumes" in fetch_external(sources / "volumes", sources / "table.csv")


def test_slice_beyond_the_recorded_extent_is_outside() -> None:
    volume = "ds000011_sub-01_T1w"
    assert [find_field(volume, Plane.AXIAL, index) for index in (42, 44, 150, 152)] == [
        "outside", "brain", "brain", "outside",
    ]  # fmt: skip
    assert find_field("another volume", Plane.AXIAL, 100) == ""
