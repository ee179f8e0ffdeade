"""Explanations as figures: panels, words and files, and what a broken or foreign picture costs."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from braintumor.cli import main
from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import TumorClass, Verdict
from braintumor.errors import ArtifactError, BrainTumorError
from braintumor.imaging import read_scan
from braintumor.inference import Detector
from braintumor.reporting.explanation_figure import (
    _summary_lines,
    blend_heatmap,
    make_panels,
    render_explanation,
    saliency_colors,
)
from braintumor.reporting.explanation_grid import render_cell, render_grid
from braintumor.reporting.text_rendering import fit_text, text_width, to_supported_text
from braintumor.services.explain import explain
from braintumor.settings import Settings
from tests.helpers.report_entries import drawn
from tests.helpers.versions.tiny import write_explained_version, write_masked_version, write_version

SIDE = 120


@pytest.fixture
def masked(workspace: Settings) -> Detector:
    write_masked_version(workspace.outputs)
    return Detector.load("v4", workspace)


def _save(path: Path, label: TumorClass = TumorClass.GLIOMA, seed: int = 3) -> Path:
    Image.fromarray(make_phantom(label, seed, 96).pixels).save(path)
    return path


def _opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def test_a_scan_is_shown_as_it_is_then_its_heat_map_then_both(detector: Detector) -> None:
    scan = drawn(1)
    found = detector.detect(scan)
    original, heat, both = make_panels(scan, found, None, scan.width)
    assert np.array_equal(original.pixels[..., 0], scan.to_uint8())
    assert original.pixels.shape == heat.pixels.shape == both.pixels.shape
    assert heat.caption == f"Evidence for {found.result.title.lower()}"
    strongest = np.unravel_index(found.heat_map.argmax(), found.heat_map.shape)
    assert heat.pixels[strongest].sum() == heat.pixels.sum(axis=2).max()
    assert np.array_equal(heat.pixels[found.heat_map == 0][0], heat.color_scale[0])
    untouched = found.heat_map == 0
    assert np.array_equal(both.pixels[untouched], original.pixels[untouched])
    assert not np.array_equal(both.pixels, original.pixels)


def test_saliency_is_a_fourth_panel_in_colours_of_its_own(detector: Detector) -> None:
    scan = drawn(1)
    saliency = np.zeros((scan.height, scan.width), np.float32)
    saliency[:10] = 1.0
    *_, fourth = make_panels(scan, detector.detect(scan), saliency, scan.width)
    assert fourth.caption == "Saliency"
    assert np.array_equal(fourth.pixels[0, 0], saliency_colors(np.ones(1))[0])
    assert not fourth.pixels[-1].any()


def test_an_outline_is_drawn_where_the_version_has_one_and_said_to_be_there(masked: Detector) -> None:
    pixels = np.full((100, 100), 90, np.uint8)
    pixels[30:60, 40:70] = 255
    scan = read_scan(pixels)
    found = replace(masked.detect(scan), verdict=Verdict.TUMOR_SUSPECTED)
    *_, both = make_panels(scan, found, None, 200)
    assert both.note is not None
    assert "blue" in both.note[0]
    blue = (both.pixels == (86, 180, 233)).all(axis=2)
    assert blue.any()
    assert not blue[100:110, 110].any()  # the middle of the tumour


def test_of_what_is_no_brain_mri_no_place_is_shown(masked: Detector) -> None:
    scan = drawn(0)
    found = replace(masked.detect(scan), verdict=Verdict.NOT_BRAIN_MRI, reason="It lies far off.")
    assert [panel.caption for panel in make_panels(scan, found, np.ones((scan.height, scan.width)), SIDE)] == ["Scan"]
    over = blend_heatmap(scan, found, SIDE)
    assert np.array_equal(over[..., 0], over[..., 2])
    assert _summary_lines(found, 500) == ["It lies far off."]


def test_the_title_says_what_was_found_and_how_surely(detector: Detector) -> None:
    found = detector.detect(drawn(1))
    said = " ".join(_summary_lines(found, 2000))
    assert f"{found.tumor_probability:.1%}" in said
    assert f"most probably {found.result.title.lower()} ({found.probabilities[found.result]:.1%})" in said


def test_no_kind_is_named_where_the_version_tells_none(workspace: Settings) -> None:
    write_version(workspace.outputs, task="tumor", decision={"threshold": 0.3})
    detector, scan = Detector.load("v1", workspace), drawn(0)
    found = detector.detect(scan)
    captions = [panel.caption for panel in make_panels(scan, found, None, SIDE)]
    one = render_cell(scan, "meningioma", found)
    words = " ".join([*_summary_lines(found, 2000), *captions, one.prediction_text])
    assert not [kind for kind in ("glioma", "meningioma", "pituitary") if kind in words]
    assert found.result.is_tumor
    assert one.is_correct  # any tumour is what it says of a meningioma
    assert one.prediction_text == f"tumour {found.tumor_probability:.0%}"
    assert not render_cell(scan, "notumor", found).is_correct
    assert render_cell(scan, "tumor", found).is_correct


@pytest.mark.parametrize("shape", [(96, 96), (40, 300), (300, 40)])
def test_a_figure_of_any_shape_is_a_picture_without_metadata(detector: Detector, shape: tuple[int, int]) -> None:
    scan = read_scan(np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8), "x" * 300)
    picture = _opened(render_explanation(scan, detector.detect(scan)))
    assert picture.format == "PNG"
    assert picture.info == {}
    assert 700 < picture.width < 1400
    assert 200 < picture.height < 700


def test_equal_input_gives_equal_figures(detector: Detector) -> None:
    scan = drawn(2)
    found = detector.detect(scan)
    assert render_explanation(scan, found) == render_explanation(scan, found)


def test_a_grid_has_a_row_for_each_label_and_frames_what_is_wrong(detector: Detector) -> None:
    shown = [(drawn(n), detector.detect(drawn(n))) for n in range(3)]
    cells = [render_cell(scan, str(found.result), found) for scan, found in shown]
    assert all(one.is_correct for one in cells)
    wrong = [replace(cells[0], is_correct=False), *cells[1:]]
    right, other = _opened(render_grid(cells, "v1")), _opened(render_grid(wrong, "v1"))
    labels = len({one.label for one in cells})
    assert right.height > 192 * labels
    changed = np.any(np.asarray(right) != np.asarray(other), axis=2)
    assert changed[: 84 + 192, :].any()


def test_figures_lie_in_the_folder_under_names_that_tell_scan_and_version(workspace: Settings, tmp_path: Path) -> None:
    write_explained_version(workspace.outputs)
    scan = _save(tmp_path / "größe.png")
    done = explain([scan], tmp_path / "figures", "v4", workspace)
    (figure,) = done.figures
    assert figure.name.startswith("größe-")
    assert figure.name.endswith("-v4.png")
    assert _opened(figure.read_bytes()).width > 1500  # four panels: the version has a gradient graph
    assert "1 figure by v4" in str(done)
    assert [path.name for path in figure.parent.iterdir()] == [figure.name]


def test_a_gradient_from_elsewhere_is_asked_only_where_the_version_has_none(
    workspace: Settings, tmp_path: Path
) -> None:
    write_version(workspace.outputs)
    write_explained_version(workspace.outputs)
    scan, asked = _save(tmp_path / "scan.png"), []

    def finder(artifact):
        asked.append(artifact.card.version)
        return np.ones_like

    for version in ("v1", "v4"):
        (figure,) = explain([scan, scan], tmp_path / "out", version, workspace, finder=finder).figures
        assert _opened(figure.read_bytes()).width > 1500
    assert asked == ["v1"]


def test_without_a_gradient_three_panels_are_drawn_and_the_reason_is_said_once(
    workspace: Settings, tmp_path: Path
) -> None:
    write_version(workspace.outputs)
    scans = [_save(tmp_path / f"{seed}.png", seed=seed) for seed in range(2)]

    def finder(artifact):
        raise ArtifactError("Train it again.")

    done = explain(scans, tmp_path / "out", "v1", workspace, finder=finder)
    assert [_opened(path.read_bytes()).width > 1500 for path in done.figures] == [False, False]
    assert str(done).count("Without saliency: Train it again.") == 1


def test_every_slice_of_a_volume_is_explained(workspace: Settings, tmp_path: Path) -> None:
    write_version(workspace.outputs)
    pages = [Image.fromarray(make_phantom(TumorClass.GLIOMA, seed, 96).pixels) for seed in range(3)]
    pages[0].save(tmp_path / "pages.tiff", save_all=True, append_images=pages[1:])
    done = explain([tmp_path / "pages.tiff"], tmp_path / "out", "v1", workspace)
    assert len(set(done.figures)) == 3


def test_a_broken_image_costs_one_sentence_and_the_exit_code(
    workspace: Settings, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    write_explained_version(workspace.outputs)  # no other gradient is asked for
    (tmp_path / "broken.png").write_bytes(b"no picture at all")
    scan, folder = _save(tmp_path / "scan.png"), tmp_path / "out"
    code = main(["explain", str(tmp_path / "broken.png"), str(scan), "--version", "v4", "--out", str(folder)])
    out, err = capsys.readouterr()
    assert code == 1
    assert len(list(folder.iterdir())) == 1
    assert err.count("braintumor:") == 1
    assert "broken.png" in err
    assert "1 file could not be read" in out
    assert main(["explain", str(scan), "--version", "v4", "--out", str(folder)]) == 0


def test_without_image_and_grid_the_command_is_wrong_usage(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["explain"])
    assert stopped.value.code == 2
    assert "--grid" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_a_sentence(workspace: Settings, tmp_path: Path) -> None:
    write_version(workspace.outputs)
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(BrainTumorError, match=r"cannot be written .* --out"):
        explain([_save(tmp_path / "scan.png")], tmp_path / "taken", "v1", workspace)


def test_letters_the_typeface_lacks_are_replaced_and_long_lines_lose_their_middle() -> None:
    assert to_supported_text("größe é 脳\n·") == "grosse e ??·"
    line = fit_text("begin" + "x" * 300 + "end", 17, 200)
    assert text_width(line, 17) <= 200
    assert line.startswith("begin")
    assert line.endswith("end")
