"""Masks: fetched whole, verified, and laid over the tumours they outline."""

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


def test_masks_come_from_a_folder_and_lie_over_the_tumours(settings: Settings) -> None:
    assert "All" in fetch_masks(settings.dataset / "masks", settings)
    for row in _rows(settings):
        mask = load_mask(row, settings)
        if row["label"] == "notumor":
            assert mask is None
            continue
        assert mask is not None
        pixels = np.asarray(Image.open(settings.dataset / str(row["path"])), float)
        assert mask.shape == pixels.shape
        wrong = mask[:, ::-1]
        inside, elsewhere = mask & ~wrong, wrong & ~mask
        if inside.any() and row["label"] != "glioma":
            assert pixels[inside].mean() > pixels[elsewhere].mean()


def test_a_second_fetch_needs_no_source(settings: Settings) -> None:
    fetch_masks(settings.dataset / "masks", settings)
    assert "already complete" in fetch_masks(Path("nowhere"), settings)


def test_masks_come_from_a_zip_too(settings: Settings, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "masks.zip", "w") as archive:
        for file in (settings.dataset / "masks").iterdir():
            archive.write(file, f"brisc2025/train/masks/{file.name}")
    assert "All" in fetch_masks(tmp_path / "masks.zip", settings)


def test_a_partial_source_is_refused_naming_what_is_missing_and_resumes(settings: Settings) -> None:
    masks = settings.dataset / "masks"
    held_back = sorted(masks.iterdir())[0]
    content = held_back.read_bytes()
    held_back.unlink()
    with pytest.raises(DatasetError, match=f"1 are missing.*{held_back.name}"):
        fetch_masks(masks, settings)
    held_back.write_bytes(content)
    assert "All" in fetch_masks(masks, settings)


def test_a_damaged_mask_is_replaced_and_never_read_as_one(settings: Settings) -> None:
    fetch_masks(settings.dataset / "masks", settings)
    row = next(r for r in _rows(settings) if r["label"] == "glioma")
    for file in masks_folder(settings).iterdir():
        file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(DatasetError, match="damaged"):
        load_mask(row, settings)
    assert "All" in fetch_masks(settings.dataset / "masks", settings)
    assert load_mask(row, settings) is not None


def test_without_masks_there_is_none_and_no_error(settings: Settings) -> None:
    assert all(load_mask(row, settings) is None for row in _rows(settings))


def test_a_source_that_is_not_there_says_so(settings: Settings) -> None:
    with pytest.raises(DatasetError, match="no such folder or ZIP"):
        fetch_masks(Path("nowhere"), settings)


def test_an_altered_mask_of_the_real_set_is_told_from_the_real_one(tmp_path: Path) -> None:
    settings = Settings(inputs=tmp_path / "inputs", outputs=tmp_path / "outputs")
    name = Path(load_file_table().query("brisc_file != ''")["brisc_file"].iloc[0]).stem + ".png"
    (tmp_path / "fake").mkdir()
    Image.fromarray(np.eye(512, dtype=np.uint8) * 255).save(tmp_path / "fake" / name)
    with pytest.raises(DatasetError, match="missing"):
        fetch_masks(tmp_path / "fake", settings)
    assert not (masks_folder(settings) / name).exists()


def test_the_digest_of_a_mask_ignores_packing_but_not_pixels() -> None:
    def png(mask: np.ndarray, level: int) -> bytes:
        stream = io.BytesIO()
        Image.fromarray(mask.astype(np.uint8) * 255).save(stream, "PNG", compress_level=level)
        return stream.getvalue()

    mask = np.eye(40, dtype=bool)
    assert compute_mask_digest(png(mask, 0)) == compute_mask_digest(png(mask, 9))
    assert compute_mask_digest(png(mask, 0)) != compute_mask_digest(png(~mask, 0))
    assert compute_mask_digest(b"no picture") is None


def _real() -> Settings:
    settings = Settings()
    if not (settings.dataset / "Training").is_dir() or not masks_folder(settings).is_dir():
        pytest.skip("the real set or its masks are not in inputs/")
    return settings


@pytest.mark.real
def test_real_masks_lie_over_what_stands_out_and_their_mirror_images_do_not() -> None:
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
            wrong = mask[:, ::-1]
            if (mask & ~wrong).any():
                gains.append(pixels[mask & ~wrong].mean() - pixels[wrong & ~mask].mean())
        assert len(gains) > 80
        assert np.mean(gains) > 0.08
        assert np.mean(np.array(gains) > 0) > 0.8


def _tumours(count: int) -> list[dict[str, Any]]:
    """Rows of that many of the tumour images that BRISC has, by lot."""
    known = load_file_table().query("brisc_file != ''")
    return known.sample(count, random_state=0).to_dict("records")


@pytest.mark.real
def test_what_real_masks_outline_differs_from_the_rest_of_the_head() -> None:
    settings = _real()
    contrasts = []
    for row in _tumours(200):
        pixels = read_scan(settings.dataset / row["path"], settings=settings).to_uint8()
        mask = load_mask({**row, "width": pixels.shape[1], "height": pixels.shape[0]}, settings)
        assert mask is not None
        rest = (pixels > MARGIN_LEVEL) & ~mask
        contrasts.append((pixels[mask].mean() - pixels[rest].mean()) / 255)
    error = np.std(contrasts) / np.sqrt(len(contrasts))
    assert abs(np.mean(contrasts)) > 5 * error


def _correlation(ours: Path, brisc: Path, transform: str) -> float:
    """How far the pixels of two images go together, the second turned as the table says."""
    pixels = read_scan(ours).to_uint8()
    with Image.open(brisc) as image:
        other = image.convert("L")
    if transform == "mirror":
        other = other.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    fitted = np.asarray(other.resize(pixels.shape[::-1], Image.Resampling.BILINEAR))
    return float(np.corrcoef(pixels.ravel(), fitted.ravel())[0, 1])


def test_pixels_go_together_when_turned_as_told_and_only_then(settings: Settings, tmp_path: Path) -> None:
    source = settings.dataset / str(_rows(settings)[0]["path"])
    with Image.open(source) as image:
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((300, 300)).save(tmp_path / "turned.png")
    assert _correlation(source, tmp_path / "turned.png", "mirror") > 0.97
    assert _correlation(source, tmp_path / "turned.png", "identity") < 0.97


@pytest.mark.real
def test_real_images_are_the_brisc_images_their_masks_were_drawn_on() -> None:
    settings = Settings()
    folder = settings.inputs / "brisc2025"
    files = {path.name: path for path in folder.rglob("*.jpg")}
    rows = [row for row in _tumours(200) if row["brisc_file"] in files]
    if not rows:
        pytest.skip(
            f"BRISC's own images are not in inputs/{folder.name} (unpack the Kaggle download {BRISC_HANDLE} there), so "
            "that masks are tested only by the contrast of what they outline"
        )
    found = [_correlation(settings.dataset / r["path"], files[r["brisc_file"]], r["brisc_transform"]) for r in rows]
    assert min(found) > 0.95
    assert np.mean(found) > 0.97
