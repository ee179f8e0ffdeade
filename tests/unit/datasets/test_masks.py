"""Tumour masks: downloaded, verified, and aligned with their images."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from braintumor.datasets.catalog import load_file_table
from braintumor.datasets.masks import BRISC_HANDLE, compute_mask_digest, fetch_masks, load_mask, masks_folder
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.errors import DatasetError
from braintumor.imaging import read_scan
from braintumor.imaging.preprocessing import MARGIN_LEVEL
from braintumor.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(inputs=tmp_path / "inputs", outputs=tmp_path / "outputs")
    write_phantoms(settings.dataset, per_class=8)
    return settings


def _rows(settings: Settings) -> list[dict[str, object]]:
    table = pd.read_csv(settings.dataset / "provenance.csv", keep_default_na=False)
    rows = []
    for row in table.itertuples():
        path = f"{row.split}/{row.label}/{row.file}"
        width, height = Image.open(settings.dataset / path).size
        rows.append({"path": path, "sha256": "", "width": width, "height": height, "label": row.label})
    return rows


def test_masks_from_a_folder_cover_the_tumours(settings: Settings) -> None:
    assert "All" in fetch_masks(settings.dataset / "masks", settings)
    for row in _rows(settings):
        mask = load_mask(row, settings)
        if row["label"] == "notumor":
            assert mask is None
            continue
        assert mask is not None
        pixels = np.asarray(Image.open(settings.dataset / str(row["path"])), float)
        assert mask.shape == pixels.shape
        mirrored = mask[:, ::-1]
        inside, outside = mask & ~mirrored, mirrored & ~mask
        if inside.any() and row["label"] != "glioma":
            assert pixels[inside].mean() > pixels[outside].mean()


def test_second_download_needs_no_source(settings: Settings) -> None:
    fetch_masks(settings.dataset / "masks", settings)
    assert "already complete" in fetch_masks(Path("nowhere"), settings)


def test_masks_are_read_from_a_zip(settings: Settings, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "masks.zip", "w") as archive:
        for file in (settings.dataset / "masks").iterdir():
            archive.write(file, f"brisc2025/train/masks/{file.name}")
    assert "All" in fetch_masks(tmp_path / "masks.zip", settings)


def test_missing_mask_is_named_and_the_download_resumes(settings: Settings) -> None:
    masks = settings.dataset / "masks"
    removed = sorted(masks.iterdir())[0]
    content = removed.read_bytes()
    removed.unlink()
    with pytest.raises(DatasetError, match=f"1 are missing.*{removed.name}"):
        fetch_masks(masks, settings)
    removed.write_bytes(content)
    assert "All" in fetch_masks(masks, settings)


def test_damaged_mask_raises_an_error_and_is_replaced(settings: Settings) -> None:
    fetch_masks(settings.dataset / "masks", settings)
    row = next(r for r in _rows(settings) if r["label"] == "glioma")
    for file in masks_folder(settings).iterdir():
        file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(DatasetError, match="damaged"):
        load_mask(row, settings)
    assert "All" in fetch_masks(settings.dataset / "masks", settings)
    assert load_mask(row, settings) is not None


def test_without_masks_load_mask_returns_none(settings: Settings) -> None:
    assert all(load_mask(row, settings) is None for row in _rows(settings))


def test_missing_source_raises_an_error(settings: Settings) -> None:
    with pytest.raises(DatasetError, match="no such folder or ZIP"):
        fetch_masks(Path("nowhere"), settings)


def test_altered_mask_of_the_real_set_is_rejected(tmp_path: Path) -> None:
    settings = Settings(inputs=tmp_path / "inputs", outputs=tmp_path / "outputs")
    name = Path(load_file_table().query("brisc_file != ''")["brisc_file"].iloc[0]).stem + ".png"
    (tmp_path / "fake").mkdir()
    Image.fromarray(np.eye(512, dtype=np.uint8) * 255).save(tmp_path / "fake" / name)
    with pytest.raises(DatasetError, match="missing"):
        fetch_masks(tmp_path / "fake", settings)
    assert not (masks_folder(settings) / name).exists()


def test_mask_digest_depends_on_pixels_not_compression() -> None:
    def png(mask: np.ndarray, level: int) -> bytes:
        stream = io.BytesIO()
        Image.fromarray(mask.astype(np.uint8) * 255).save(stream, "PNG", compress_level=level)
        return stream.getvalue()

    mask = np.eye(40, dtype=bool)
    assert compute_mask_digest(png(mask, 0)) == compute_mask_digest(png(mask, 9))
    assert compute_mask_digest(png(mask, 0)) != compute_mask_digest(png(~mask, 0))
    assert compute_mask_digest(b"not an image") is None


def _real() -> Settings:
    settings = Settings()
    if not (settings.dataset / "Training").is_dir() or not masks_folder(settings).is_dir():
        pytest.skip("the real set or its masks are not in inputs/")
    return settings


@pytest.mark.real
def test_real_masks_cover_bright_regions_and_mirrored_masks_do_not() -> None:
    settings = _real()
    table = load_file_table().query("brisc_file != ''")
    mirrored = table[table["brisc_transform"] == "mirror"].sample(100, random_state=0)
    upright = table[table["brisc_transform"] == "identity"].sample(100, random_state=0)
    for rows in (mirrored, upright):
        gains = []
        for row in rows.to_dict("records"):
            with Image.open(settings.dataset / row["path"]) as image:
                pixels = np.asarray(image.convert("L"), float) / 255
            mask = load_mask({**row, "width": pixels.shape[1], "height": pixels.shape[0]}, settings)
            assert mask is not None
            flipped = mask[:, ::-1]
            if (mask & ~flipped).any():
                gains.append(pixels[mask & ~flipped].mean() - pixels[flipped & ~mask].mean())
        assert len(gains) > 80
        assert np.mean(gains) > 0.08
        assert np.mean(np.array(gains) > 0) > 0.8


def _sample_tumors(count: int) -> list[dict[str, Any]]:
    """Sample rows of tumour images that are in BRISC."""
    rows = load_file_table().query("brisc_file != ''")
    return rows.sample(count, random_state=0).to_dict("records")


@pytest.mark.real
def test_real_masks_outline_regions_with_another_brightness() -> None:
    settings = _real()
    contrasts = []
    for row in _sample_tumors(200):
        pixels = read_scan(settings.dataset / row["path"], settings=settings).to_uint8()
        mask = load_mask({**row, "width": pixels.shape[1], "height": pixels.shape[0]}, settings)
        assert mask is not None
        rest = (pixels > MARGIN_LEVEL) & ~mask
        contrasts.append((pixels[mask].mean() - pixels[rest].mean()) / 255)
    error = np.std(contrasts) / np.sqrt(len(contrasts))
    assert abs(np.mean(contrasts)) > 5 * error


def _correlation(image_path: Path, brisc: Path, transform: str) -> float:
    """Correlate the pixels of an image and of its BRISC image after the transform of the table."""
    pixels = read_scan(image_path).to_uint8()
    with Image.open(brisc) as image:
        other = image.convert("L")
    if transform == "mirror":
        other = other.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    resized = np.asarray(other.resize(pixels.shape[::-1], Image.Resampling.BILINEAR))
    return float(np.corrcoef(pixels.ravel(), resized.ravel())[0, 1])


def test_images_correlate_only_after_the_right_transform(settings: Settings, tmp_path: Path) -> None:
    source = settings.dataset / str(_rows(settings)[0]["path"])
    with Image.open(source) as image:
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((300, 300)).save(tmp_path / "mirrored.png")
    assert _correlation(source, tmp_path / "mirrored.png", "mirror") > 0.97
    assert _correlation(source, tmp_path / "mirrored.png", "identity") < 0.97


@pytest.mark.real
def test_real_images_match_the_brisc_images_of_their_masks() -> None:
    settings = Settings()
    folder = settings.inputs / "brisc2025"
    files = {path.name: path for path in folder.rglob("*.jpg")}
    rows = [row for row in _sample_tumors(200) if row["brisc_file"] in files]
    if not rows:
        pytest.skip(
            f"BRISC's own images are not in inputs/{folder.name} (unpack the Kaggle download {BRISC_HANDLE} there), so "
            "that masks are tested only by the contrast of what they outline"
        )
    correlations = [
        _correlation(settings.dataset / r["path"], files[r["brisc_file"]], r["brisc_transform"]) for r in rows
    ]
    assert min(correlations) > 0.95
    assert np.mean(correlations) > 0.97
