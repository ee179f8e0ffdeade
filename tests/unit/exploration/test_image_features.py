"""Image facts say what they claim of pictures made to have them."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from braintumor.exploration.image_features import IMAGE_FEATURES, compute_image_features
from braintumor.imaging import read_scan


def _facts(picture: Image.Image, kind: str = "PNG", **options: int) -> dict[str, float]:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    content = stream.getvalue()
    facts, histogram = compute_image_features(content, read_scan(content))
    assert histogram.sum() == pytest.approx(1)
    return facts


def _noisy(sigma: float, size: tuple[int, int] = (120, 160)) -> Image.Image:
    values = np.random.default_rng(0).normal(128, sigma, size)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


@settings(max_examples=30, deadline=None)
@given(st.integers(32, 90), st.integers(32, 90), st.integers(0, 10_000))
def test_every_fact_is_a_number_in_its_range(width: int, height: int, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    facts = _facts(Image.fromarray(values))
    assert list(facts) == list(IMAGE_FEATURES)
    assert all(np.isfinite(value) for value in facts.values())
    assert (facts["width"], facts["height"]) == (width, height)
    assert facts["aspect"] == width / height
    for name in ("mean", "p05", "p50", "p95", "dark_share", "black_share", "white_share", "colour"):
        assert 0 <= facts[name] <= 1
    assert facts["p05"] <= facts["p50"] <= facts["p95"]
    assert 0 <= facts["entropy"] <= 8


def test_grey_facts_are_those_of_numpy() -> None:
    picture = _noisy(40)
    values = np.asarray(picture) / 255
    facts = _facts(picture)
    assert facts["mean"] == pytest.approx(values.mean())
    assert facts["spread"] == pytest.approx(values.std())
    assert facts["p50"] == pytest.approx(np.median(values), abs=1 / 255)
    assert facts["p95"] == pytest.approx(np.percentile(values, 95), abs=1 / 255)
    assert facts["dark_share"] == pytest.approx((np.asarray(picture) <= 24).mean())


def test_noise_is_measured_in_grey_levels_and_blur_lowers_sharpness() -> None:
    assert _facts(_noisy(10))["noise"] == pytest.approx(10 / 255, rel=0.05)
    picture = _noisy(40)
    blurred = picture.resize((40, 30)).resize(picture.size)
    assert _facts(blurred)["sharpness"] < 0.2 * _facts(picture)["sharpness"]


def test_a_tint_is_told_from_grey_stored_as_colour() -> None:
    grey = _noisy(30).convert("RGB")
    tinted = np.asarray(grey).copy()
    tinted[30:60, 30:60, 0] = 255
    assert (_facts(grey)["channels"], _facts(grey)["colour"]) == (3, 0)
    assert _facts(Image.fromarray(tinted))["colour"] > 0.3
    assert _facts(_noisy(30))["channels"] == 1


def test_a_coarser_jpeg_has_larger_steps_and_fewer_bits() -> None:
    fine, coarse = (_facts(_noisy(30), "JPEG", quality=quality) for quality in (95, 30))
    assert 1 < fine["quantization"] < coarse["quantization"]
    assert fine["bits_per_pixel"] > coarse["bits_per_pixel"]
    assert _facts(_noisy(30))["quantization"] == 1


def test_margins_are_shares_of_their_side() -> None:
    values = np.zeros((100, 200), np.uint8)
    values[10:80, 40:190] = 200
    facts = _facts(Image.fromarray(values))
    found = [facts[f"margin_{side}"] for side in ("left", "top", "right", "bottom")]
    assert found == pytest.approx([0.2, 0.1, 0.05, 0.2])
