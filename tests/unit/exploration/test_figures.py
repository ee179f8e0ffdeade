"""Figures match the statistics, signed scales are centred on zero, and all are small enough to send."""

import subprocess
import sys

import numpy as np
import plotly.graph_objects as go
import pytest

from app_pages.components.shared.colors import CLASS_COLORS
from braintumor.exploration.figures import (
    TUMOR_CLASS_COLORS,
    downsample,
    plot_atlas,
    plot_average,
    plot_difference,
    plot_effect,
    plot_profile,
    plot_variability,
)
from braintumor.exploration.statistics import Statistics


def _z(figure: go.Figure, trace: int = -1) -> np.ndarray:
    return np.asarray(figure.data[trace].z, float)


def test_hover_shows_the_gray_level(statistics: Statistics) -> None:
    np.testing.assert_allclose(
        _z(plot_average(statistics, "glioma", "axial")), statistics.average("glioma", "axial") * 255, atol=0.51
    )
    np.testing.assert_allclose(
        _z(plot_variability(statistics, "glioma")), statistics.variability("glioma") * 255, atol=0.51
    )
    assert "row %{y:.0f}: %{z} levels" in plot_average(statistics, "glioma").data[0].hovertemplate


def test_difference_is_centered_on_zero_and_antisymmetric(statistics: Statistics) -> None:
    one = plot_difference(statistics, "meningioma", "notumor", "coronal")
    other = plot_difference(statistics, "notumor", "meningioma", "coronal")
    image = one.data[0]
    assert image.zmid == 0
    assert image.zmin == -image.zmax
    assert image.zmax >= np.abs(_z(one)).max() - 0.01
    np.testing.assert_allclose(_z(one), -_z(other))
    expected = downsample(statistics.difference("meningioma", "notumor", "coronal")) * 255
    np.testing.assert_allclose(_z(one), expected, atol=0.01)


def test_only_significant_pixels_are_shown_by_default(statistics: Statistics) -> None:
    effect = statistics.effect("glioma", "notumor")
    assert effect is not None
    significant = _z(plot_effect(statistics, "glioma", "notumor"))
    everything = _z(plot_effect(statistics, "glioma", "notumor", only_significant=False))
    assert np.isfinite(everything).all()
    blocks = effect.significant_pixels().reshape(128, 2, 128, 2).any(axis=(1, 3))
    np.testing.assert_array_equal(np.isfinite(significant), blocks)


def test_missing_effect_is_an_empty_figure(statistics: Statistics) -> None:
    assert len(plot_effect(statistics, "glioma", "notumor", "unknown").data) == 0


def test_atlas_in_percent_is_over_the_average(statistics: Statistics) -> None:
    figure = plot_atlas(statistics, "pituitary", "sagittal")
    atlas = statistics.atlas("pituitary", "sagittal")
    assert atlas is not None
    assert len(figure.data) == 2
    np.testing.assert_allclose(_z(figure), downsample(atlas) * 100, atol=0.051)
    assert figure.data[1].colorscale[0][1].endswith(",0)")
    assert len(plot_atlas(statistics, "notumor").data) == 1


def test_profile_has_a_line_and_a_band_for_each_class(statistics: Statistics) -> None:
    figure = plot_profile(statistics, ["glioma", "notumor"], (0, 128), (255, 128), "axial")
    lines = [trace for trace in figure.data if trace.mode == "lines" and trace.name]
    assert [line.name for line in lines] == ["axial glioma", "axial no tumour"]
    np.testing.assert_allclose(lines[0].y, statistics.average("glioma", "axial")[128] * 255, atol=1e-3)
    assert len(figure.data) == 4


def test_pixels_are_square_and_rows_start_at_the_top(statistics: Statistics) -> None:
    figure = plot_average(statistics, "notumor")
    assert figure.layout.yaxis.scaleanchor == "x"
    assert figure.layout.yaxis.autorange == "reversed"


@pytest.mark.parametrize("plane", [None, "axial"])
def test_every_figure_is_small(statistics: Statistics, plane: str | None) -> None:
    views = [
        plot_average(statistics, "glioma", plane),
        plot_variability(statistics, "glioma", plane),
        plot_difference(statistics, "glioma", "notumor", plane),
        plot_effect(statistics, "glioma", "notumor", plane),
        plot_atlas(statistics, "glioma", plane),
    ]
    for figure in views:
        assert len(figure.to_json()) < 250_000


def test_downsampling_ignores_nan() -> None:
    values = np.array([[1, 3, np.nan, np.nan], [5, np.nan, np.nan, np.nan]], np.float32)
    halved = downsample(values)
    assert halved[0, 0] == 3
    assert np.isnan(halved[0, 1])


def test_class_colors_are_those_of_the_pages() -> None:
    assert {str(label): color for label, color in TUMOR_CLASS_COLORS.items()} == {
        str(label): color for label, color in CLASS_COLORS.items()
    }


def test_pages_do_not_import_training_packages() -> None:
    code = (
        "import sys; import braintumor.exploration.charts, braintumor.exploration.montage, "
        "braintumor.exploration.leakage_report, braintumor.exploration.summaries; "
        "loaded = {'tensorflow', 'keras', 'sklearn', 'scipy', 'matplotlib'} & set(sys.modules); print(sorted(loaded))"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "[]"
