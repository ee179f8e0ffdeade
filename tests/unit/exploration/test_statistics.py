"""Statistics equal those of the images in memory, within the documented rounding."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from braintumor.enums import CLASSES, Plane, TumorClass
from braintumor.errors import DatasetError
from braintumor.exploration.explore import INPUT_SPEC
from braintumor.exploration.statistics import Meta, Statistics, load_statistics, to_npz
from braintumor.imaging import read_scan
from braintumor.imaging.preprocessing import crop_and_resize
from braintumor.settings import Settings


def _stack(settings: Settings, rows: pd.DataFrame) -> np.ndarray:
    images = [crop_and_resize(read_scan(settings.dataset / path).to_uint8(), INPUT_SPEC)[0] for path in rows["path"]]
    return np.stack(images).astype(float) / 255


def test_class_pooled_from_planes_equals_one_stack(
    statistics: Statistics, explored: Settings, manifest: pd.DataFrame
) -> None:
    for label in (TumorClass.GLIOMA, TumorClass.NOTUMOR):
        stack = _stack(explored, manifest[manifest["label"] == label])
        assert statistics.image_count(label) == len(stack)
        assert statistics.average(label).dtype == np.float32
        np.testing.assert_allclose(statistics.average(label), stack.mean(axis=0), atol=1e-4)
        np.testing.assert_allclose(statistics.variability(label), stack.std(axis=0), atol=1e-4)


def test_plane_equals_the_stack_of_its_images(
    statistics: Statistics, explored: Settings, manifest: pd.DataFrame
) -> None:
    rows = manifest[(manifest["label"] == "meningioma") & (manifest["plane"] == "coronal")]
    stack = _stack(explored, rows)
    assert statistics.image_count("meningioma", "coronal") == len(rows)
    assert statistics.group_count("meningioma", "coronal") == rows["group"].nunique()
    np.testing.assert_allclose(statistics.average("meningioma", Plane.CORONAL), stack.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(statistics.variability("meningioma", Plane.CORONAL), stack.std(axis=0), atol=1e-4)


def test_counts_add_up_and_planes_are_ordered(statistics: Statistics, manifest: pd.DataFrame) -> None:
    assert sum(statistics.image_count(label) for label in CLASSES) == len(manifest)
    for label in CLASSES:
        planes = statistics.planes(label)
        assert planes == [plane for plane in Plane if plane in planes]
        assert sum(statistics.image_count(label, plane) for plane in planes) == statistics.image_count(label)
        assert statistics.mask_count(label) == (statistics.image_count(label) if label.is_tumor else 0)


def test_differences_and_effects_are_antisymmetric(statistics: Statistics) -> None:
    for map_name in ("average", "variability"):
        one = statistics.difference("pituitary", "glioma", map_name=map_name)
        np.testing.assert_array_equal(one, -statistics.difference("glioma", "pituitary", map_name=map_name))
        assert one.min() < 0 < one.max()
    forward, backward = statistics.effect("notumor", "glioma"), statistics.effect("glioma", "notumor")
    assert forward is not None
    assert backward is not None
    np.testing.assert_array_equal(forward.size, -backward.size)
    np.testing.assert_array_equal(forward.significant_pixels(), backward.significant_pixels())


def test_atlas_peaks_where_tumors_were_drawn(statistics: Statistics) -> None:
    gland = statistics.atlas("pituitary", "coronal")
    assert gland is not None
    column = int(gland.argmax()) % gland.shape[1]
    assert gland.max() > 0.4
    assert abs(column - 128) < 30
    assert statistics.atlas("notumor") is None
    pooled, atlases = statistics.atlas("glioma"), [statistics.atlas("glioma", p) for p in statistics.planes("glioma")]
    assert pooled is not None
    weights = [statistics.mask_count("glioma", p) for p in statistics.planes("glioma")]
    np.testing.assert_allclose(pooled, np.average(atlases, axis=0, weights=weights), atol=1e-5)


def test_histograms_sum_to_one(statistics: Statistics) -> None:
    for label in CLASSES:
        assert statistics.histogram(label).shape == (256,)
        assert statistics.histogram(label).sum() == pytest.approx(1, abs=1e-5)


def test_missing_plane_is_named(statistics: Statistics) -> None:
    with pytest.raises(DatasetError, match="no unknown images of glioma"):
        statistics.average("glioma", "unknown")
    assert statistics.effect("glioma", "notumor", "unknown") is None


def test_packing_is_deterministic_and_rounds_below_1e_4(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = {f"{name}/glioma/axial": rng.uniform(0, 1, (16, 16)) for name in ("average", "variability")}
    meta = Meta(INPUT_SPEC.to_dict(), [0.05], {"glioma": {"axial": 3}}, {"glioma": {"axial": 2, "all": 2}}, {}, "x")
    content = to_npz(meta, arrays)
    assert content == to_npz(meta, dict(reversed(arrays.items())))
    (tmp_path / "s.npz").write_bytes(content)
    loaded = load_statistics(tmp_path / "s.npz")
    assert asdict(loaded.meta) == asdict(meta)
    np.testing.assert_allclose(loaded.average("glioma"), arrays["average/glioma/axial"], atol=5e-5)


def test_missing_and_damaged_files_name_the_command(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="braintumor explore"):
        load_statistics(tmp_path / "statistics.npz")
    (tmp_path / "statistics.npz").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(DatasetError, match="braintumor explore"):
        load_statistics(tmp_path / "statistics.npz")


def test_meta_is_plain_json(explored: Settings) -> None:
    with np.load(explored.dataset_outputs / "statistics.npz") as stored:
        meta = json.loads(str(stored["meta"]))
    assert meta["contract"] == INPUT_SPEC.to_dict()
