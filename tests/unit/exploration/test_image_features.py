"""Image and tumour features of synthetic images equal their known values."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from braintumor.exploration.image_features import (
    IMAGE_FEATURES,
    TUMOR_FEATURES,
    compute_image_features,
    compute_tumor_features,
)
from braintumor.imaging import read_scan


def _features(image: Image.Image, file_format: str = "PNG", **options: int) -> dict[str, float]:
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    content = stream.getvalue()
    features, histogram = compute_image_features(content, read_scan(content))
    assert histogram.sum() == pytest.approx(1)
    return features


def _noisy(sigma: float, size: tuple[int, int] = (120, 160)) -> Image.Image:
    values = np.random.default_rng(0).normal(128, sigma, size)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


@settings(max_examples=30, deadline=None)
@given(st.integers(32, 90), st.integers(32, 90), st.integers(0, 10_000))
def test_every_feature_is_finite_and_in_range(width: int, height: int, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    features = _features(Image.fromarray(values))
    assert list(features) == list(IMAGE_FEATURES)
    assert all(np.isfinite(value) for value in features.values())
    assert (features["width"], features["height"]) == (width, height)
    assert features["aspect"] == width / height
    for name in ("mean", "p05", "p50", "p95", "dark_share", "black_share", "white_share", "colour"):
        assert 0 <= features[name] <= 1
    assert features["p05"] <= features["p50"] <= features["p95"]
    assert 0 <= features["entropy"] <= 8


def test_gray_features_equal_numpy() -> None:
    image = _noisy(40)
    values = np.asarray(image) / 255
    features = _features(image)
    assert features["mean"] == pytest.approx(values.mean())
    assert features["spread"] == pytest.approx(values.std())
    assert features["p50"] == pytest.approx(np.median(values), abs=1 / 255)
    assert features["p95"] == pytest.approx(np.percentile(values, 95), abs=1 / 255)
    assert features["dark_share"] == pytest.approx((np.asarray(image) <= 24).mean())


def test_noise_is_in_gray_levels_and_blur_lowers_sharpness() -> None:
    assert _features(_noisy(10))["noise"] == pytest.approx(10 / 255, rel=0.05)
    image = _noisy(40)
    blurred = image.resize((40, 30)).resize(image.size)
    assert _features(blurred)["sharpness"] < 0.2 * _features(image)["sharpness"]


def test_tint_differs_from_gray_stored_as_rgb() -> None:
    gray = _noisy(30).convert("RGB")
    tinted = np.asarray(gray).copy()
    tinted[30:60, 30:60, 0] = 255
    assert (_features(gray)["channels"], _features(gray)["colour"]) == (3, 0)
    assert _features(Image.fromarray(tinted))["colour"] > 0.3
    assert _features(_noisy(30))["channels"] == 1


def test_coarser_jpeg_has_larger_steps_and_fewer_bits() -> None:
    fine, coarse = (_features(_noisy(30), "JPEG", quality=quality) for quality in (95, 30))
    assert 1 < fine["quantization"] < coarse["quantization"]
    assert fine["bits_per_pixel"] > coarse["bits_per_pixel"]
    assert _features(_noisy(30))["quantization"] == 1


def test_margins_are_shares_of_the_image_side() -> None:
    values = np.zeros((100, 200), np.uint8)
    values[10:80, 40:190] = 200
    features = _features(Image.fromarray(values))
    margins = [features[f"margin_{side}"] for side in ("left", "top", "right", "bottom")]
    assert margins == pytest.approx([0.2, 0.1, 0.05, 0.2])


def _ellipse(x: float, y: float, width: float, height: float, side: int = 200) -> NDArray[np.bool_]:
    rows, columns = np.mgrid[:side, :side]
    inside: NDArray[np.bool_] = ((columns - x) / width) ** 2 + ((rows - y) / height) ** 2 <= 1
    return inside


def _measure(mask: NDArray[np.bool_], inside: int = 200, outside: int = 100) -> dict[str, float]:
    features = compute_tumor_features(np.where(mask, inside, outside).astype(np.uint8), mask)
    assert features is not None
    assert list(features) == list(TUMOR_FEATURES)
    return features


def test_disc_has_known_size_position_and_elongation() -> None:
    features = _measure(_ellipse(60, 140, 20, 20))
    assert features["diameter"] == pytest.approx(40 / 200, rel=0.02)
    assert features["area"] == pytest.approx(np.pi * 400 / 200**2, rel=0.02)
    assert (features["x"], features["y"]) == pytest.approx((0.3025, 0.7025))
    assert features["elongation"] == pytest.approx(1, abs=0.02)
    assert features["filling"] == pytest.approx(1, abs=0.02)


def test_elongation_does_not_depend_on_orientation() -> None:
    for mask in (_ellipse(100, 100, 45, 15), _ellipse(100, 100, 15, 45)):
        assert _measure(mask)["elongation"] == pytest.approx(3, rel=0.03)


def test_separate_regions_have_low_filling() -> None:
    pieces = _ellipse(60, 100, 12, 12) | _ellipse(140, 100, 12, 12)
    assert _measure(pieces)["filling"] < 0.6


def test_contrast_is_measured_against_adjacent_tissue() -> None:
    mask = _ellipse(100, 100, 20, 20)
    frame = np.where(mask, 180, 120).astype(np.uint8)
    frame[:40], frame[:, :40] = 0, 255
    features = compute_tumor_features(frame, mask)
    assert features is not None
    assert features["brightness"] == pytest.approx(180 / 255)
    assert features["contrast"] == pytest.approx(60 / 255)
    assert features["heterogeneity"] == 0


def test_single_pixel_is_measured_and_empty_mask_is_not() -> None:
    mask = np.zeros((50, 50), bool)
    assert compute_tumor_features(np.zeros((50, 50), np.uint8), mask) is None
    mask[10, 20] = True
    features = _measure(mask)
    assert features["elongation"] == pytest.approx(1)
    assert 0 < features["filling"] <= 1
