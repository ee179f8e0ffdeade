"""Class colours are distinguishable with any colour vision, and text has enough contrast."""

import itertools
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app_pages.components.shared.colors import CLASS_COLORS, TUMOR_COLOR
from braintumor.enums import CLASSES

# Machado, Oliveira and Fernandes (2009), full severity, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = np.array([0.95047, 1.0, 1.08883])


def _linear(color: str) -> NDArray[np.float64]:
    values = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio."""
    low, high = sorted(float(_XYZ[1] @ _linear(color)) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


def _lab(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio = _XYZ @ np.clip(linear, 0, 1) / _WHITE
    x, y, z = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.fixture
def theme(root: Path) -> dict[str, Any]:
    """Return the theme section of the configuration."""
    theme: dict[str, Any] = tomllib.loads((root / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
    return theme


@pytest.mark.parametrize("vision", VISION)
def test_class_colors_are_distinguishable(vision: str) -> None:
    for one, other in itertools.combinations(CLASS_COLORS.values(), 2):
        perceived = [_lab(VISION[vision] @ _linear(color)) for color in (one, other)]
        assert np.linalg.norm(perceived[0] - perceived[1]) > 15, (one, other)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_class_colors_have_contrast_to_the_background(mode: str, theme: dict[str, Any]) -> None:
    for color in (*CLASS_COLORS.values(), TUMOR_COLOR):
        assert _contrast(color, theme[mode]["backgroundColor"]) >= 3


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_has_contrast_to_the_background(mode: str, theme: dict[str, Any]) -> None:
    for background in ("backgroundColor", "secondaryBackgroundColor"):
        for text in ("textColor", "linkColor", "grayColor"):
            assert _contrast(theme[mode][text], theme[mode][background]) >= 4.5, (text, background)


def test_theme_and_pages_have_the_same_class_colors(theme: dict[str, Any]) -> None:
    assert theme["chartCategoricalColors"] == [CLASS_COLORS[label] for label in CLASSES]
