"""Overlays: unchanged where there is no evidence, and colours that keep their order for every reader."""

import matplotlib as mpl
import numpy as np
import pytest

from braintumor.imaging import draw_overlay, inferno_colors
from braintumor.imaging.overlay import OUTLINE_COLOR

GREY = np.tile(np.arange(0, 250, 5, dtype=np.uint8), (40, 1))


def test_the_scan_shows_unchanged_where_there_is_no_evidence():
    heat = np.zeros(GREY.shape, np.float32)
    heat[:, 25:] = 1.0
    painted = draw_overlay(GREY, heat)
    assert painted.shape == (*GREY.shape, 3)
    assert painted.dtype == np.uint8
    np.testing.assert_array_equal(painted[:, :25], np.repeat(GREY[:, :25, None], 3, axis=2))
    assert (painted[:, 25:].max(axis=2) > painted[:, 25:].min(axis=2)).all()


def test_without_a_map_the_scan_is_grey():
    np.testing.assert_array_equal(draw_overlay(GREY, None), np.repeat(GREY[..., None], 3, axis=2))


def test_more_evidence_moves_the_picture_further_from_the_scan():
    heat = np.repeat(np.linspace(0, 1, 40, dtype=np.float32)[:, None], GREY.shape[1], axis=1)
    black = draw_overlay(np.zeros_like(GREY), heat).astype(int)
    brightness = black.sum(axis=2)[:, 0]
    assert (np.diff(brightness) >= 0).all()
    assert brightness[-1] > 300


def test_full_strength_on_full_evidence_is_the_colour_itself():
    painted = draw_overlay(GREY, np.ones(GREY.shape, np.float32), alpha=1.0)
    assert (painted == inferno_colors(np.float32(1.0))).all()


def test_evidence_that_is_not_a_number_counts_as_none():
    heat = np.full(GREY.shape, np.nan, np.float32)
    np.testing.assert_array_equal(draw_overlay(GREY, heat), draw_overlay(GREY, None))


def test_the_scale_is_inferno_and_its_lightness_only_rises():
    places = np.linspace(0, 1, 256)
    colours = inferno_colors(places)
    published = mpl.colormaps["inferno"](places, bytes=True)[:, :3]
    assert np.abs(colours.astype(int) - published.astype(int)).max() < 10
    lightness = colours @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(lightness) > -0.5).all()


def test_a_map_of_another_size_is_refused():
    with pytest.raises(ValueError, match="same size"):
        draw_overlay(GREY, np.zeros((3, 3), np.float32))


@pytest.mark.parametrize("strength", [-0.1, 1.1])
def test_a_strength_out_of_range_is_refused(strength):
    with pytest.raises(ValueError, match="strength"):
        draw_overlay(GREY, None, strength)


def test_a_mask_is_outlined_just_outside_it_and_nowhere_else():
    grey, mask = np.full((250, 200), 90, np.uint8), np.zeros((250, 200), bool)
    mask[100:140, 60:110] = True
    painted = draw_overlay(grey, None, mask=mask)
    changed = (painted != 90).any(axis=2)
    assert not changed[mask].any()
    assert changed[99, 60:110].all()
    assert changed[140, 60:110].all()
    assert not changed[:98].any()
    assert (painted[changed] == OUTLINE_COLOR).all()


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"mask is .* the same size"):
        draw_overlay(np.zeros((10, 10), np.uint8), None, mask=np.zeros((9, 10), bool))
