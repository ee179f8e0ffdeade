"""Overlays: heat map colours, opacity and mask outline."""

import matplotlib as mpl
import numpy as np
import pytest

from braintumor.imaging.overlay import OUTLINE_COLOR, draw_overlay, inferno_colors

GRAY = np.tile(np.arange(0, 250, 5, dtype=np.uint8), (40, 1))


def test_scan_is_unchanged_without_evidence():
    heat = np.zeros(GRAY.shape, np.float32)
    heat[:, 25:] = 1.0
    overlay = draw_overlay(GRAY, heat)
    assert overlay.shape == (*GRAY.shape, 3)
    assert overlay.dtype == np.uint8
    np.testing.assert_array_equal(overlay[:, :25], np.repeat(GRAY[:, :25, None], 3, axis=2))
    assert (overlay[:, 25:].max(axis=2) > overlay[:, 25:].min(axis=2)).all()


def test_scan_without_heat_map_is_grey():
    np.testing.assert_array_equal(draw_overlay(GRAY, None), np.repeat(GRAY[..., None], 3, axis=2))


def test_more_evidence_is_drawn_brighter():
    heat = np.repeat(np.linspace(0, 1, 40, dtype=np.float32)[:, None], GRAY.shape[1], axis=1)
    colors = draw_overlay(np.zeros_like(GRAY), heat).astype(int)
    brightness = colors.sum(axis=2)[:, 0]
    assert (np.diff(brightness) >= 0).all()
    assert brightness[-1] > 300


def test_full_alpha_on_full_evidence_is_the_color_itself():
    overlay = draw_overlay(GRAY, np.ones(GRAY.shape, np.float32), alpha=1.0)
    assert (overlay == inferno_colors(np.float32(1.0))).all()


def test_nan_counts_as_no_evidence():
    heat = np.full(GRAY.shape, np.nan, np.float32)
    np.testing.assert_array_equal(draw_overlay(GRAY, heat), draw_overlay(GRAY, None))


def test_scale_matches_inferno_and_lightness_increases():
    positions = np.linspace(0, 1, 256)
    colors = inferno_colors(positions)
    published = mpl.colormaps["inferno"](positions, bytes=True)[:, :3]
    assert np.abs(colors.astype(int) - published.astype(int)).max() < 10
    lightness = colors @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(lightness) > -0.5).all()


def test_heat_map_of_a_different_size_is_rejected():
    with pytest.raises(ValueError, match="same size"):
        draw_overlay(GRAY, np.zeros((3, 3), np.float32))


@pytest.mark.parametrize("alpha", [-0.1, 1.1])
def test_alpha_out_of_range_is_rejected(alpha):
    with pytest.raises(ValueError, match="alpha"):
        draw_overlay(GRAY, None, alpha)


def test_mask_is_outlined_just_outside_it():
    gray, mask = np.full((250, 200), 90, np.uint8), np.zeros((250, 200), bool)
    mask[100:140, 60:110] = True
    overlay = draw_overlay(gray, None, mask=mask)
    changed = (overlay != 90).any(axis=2)
    assert not changed[mask].any()
    assert changed[99, 60:110].all()
    assert changed[140, 60:110].all()
    assert not changed[:98].any()
    assert (overlay[changed] == OUTLINE_COLOR).all()


def test_mask_of_a_different_size_is_rejected():
    with pytest.raises(ValueError, match=r"mask has .* the same size"):
        draw_overlay(np.zeros((10, 10), np.uint8), None, mask=np.zeros((9, 10), bool))
