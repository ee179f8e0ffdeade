"""Figures of explanations: panels, texts and files, and errors for unreadable images."""

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
    blend_heatmap,
    make_panels,
    render_explanation,
    saliency_colors,
    summary_lines,
)
from braintumor.reporting.explanation_grid import render_cell, render_grid
from braintumor.reporting.text_rendering import fit_text, text_width, to_supported_text
from braintumor.services.explain import explain
from braintumor.settings import Settings
from tests.helpers.report_entries import make_scan
from tests.helpers.versions.tiny import write_explained_version, write_masked_version, write_version

SIDE = 120


@pytest.fixture
def masked(workspace: Settings) -> Detector:
    write_masked_version(workspace.outputs)
    return Detector.load("v4", workspace)


def _save(path: Path, label: TumorClass = TumorClass.GLIOMA, seed: int = 3) -> Path:
    Image.fromarray(make_phantom(label, seed, 96).pixels).save(path)
    return path


def _open(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def test_panels_show_scan_heat_map_and_overlay(detector: Detector) -> None:
    scan = make_scan(1)
    detection = detector.detect(scan)
    original, heat, overlay = make_panels(scan, detection, None, scan.width)
    assert np.array_equal(original.pixels[..., 0], scan.to_uint8())
    assert original.pixels.shape == heat.pixels.shape == overlay.pixels.shape
    assert heat.caption == f"Evidence for {detection.result.title.lower()}"
    strongest = np.unravel_index(detection.heat_map.argmax(), detection.heat_map.shape)
    assert heat.pixels[strongest].sum() == heat.pixels.sum(axis=2).max()
    assert np.array_equal(heat.pixels[detection.heat_map == 0][0], heat.color_scale[0])
    without_evidence = detection.heat_map == 0
    assert np.array_equal(overlay.pixels[without_evidence], original.pixels[without_evidence])
    assert not np.array_equal(overlay.pixels, original.pixels)


def test_saliency_is_a_fourth_panel_with_its_own_colors(detector: Detector) -> None:
    scan = make_scan(1)
    saliency = np.zeros((scan.height, scan.width), np.float32)
    saliency[:10] = 1.0
    *_, fourth = make_panels(scan, detector.detect(scan), saliency, scan.width)
    assert fourth.caption == "Saliency"
    assert np.array_equal(fourth.pixels[0, 0], saliency_colors(np.ones(1))[0])
    assert not fourth.pixels[-1].any()


def test_outline_is_drawn_and_explained(masked: Detector) -> None:
    pixels = np.full((100, 100), 90, np.uint8)
    pixels[30:60, 40:70] = 255
    scan = read_scan(pixels)
    detection = replace(masked.detect(scan), verdict=Verdict.TUMOR_SUSPECTED)
    *_, overlay = make_panels(scan, detection, None, 200)
    assert overlay.note is not None
    assert "blue" in overlay.note[0]
    blue = (overlay.pixels == (86, 180, 233)).all(axis=2)
    assert blue.any()
    assert not blue[100:110, 110].any()  # the middle of the tumour


def test_rejected_image_is_shown_without_maps(masked: Detector) -> None:
    scan = make_scan(0)
    detection = replace(masked.detect(scan), verdict=Verdict.NOT_BRAIN_MRI, reason="Rejected.")
    assert [panel.caption for panel in make_panels(scan, detection, np.ones((scan.height, scan.width)), SIDE)] == [
        "Scan"
    ]
    overlay = blend_heatmap(scan, detection, SIDE)
    assert np.array_equal(overlay[..., 0], overlay[..., 2])
    assert summary_lines(detection, 500) == ["Rejected."]


def test_summary_has_probability_and_most_likely_class(detector: Detector) -> None:
    detection = detector.detect(make_scan(1))
    text = " ".join(summary_lines(detection, 2000))
    assert f"{detection.tumor_probability:.1%}" in text
    assert (
        f"most likely class: {detection.result.title.lower()} ({detection.probabilities[detection.result]:.1%})" in text
    )


def test_binary_model_names_no_tumor_type(workspace: Settings) -> None:
    write_version(workspace.outputs, task="tumor", decision={"threshold": 0.3})
    detector, scan = Detector.load("v1", workspace), make_scan(0)
    detection = detector.detect(scan)
    captions = [panel.caption for panel in make_panels(scan, detection, None, SIDE)]
    cell = render_cell(scan, "meningioma", detection)
    text = " ".join([*summary_lines(detection, 2000), *captions, cell.prediction_text])
    assert not [name for name in ("glioma", "meningioma", "pituitary") if name in text]
    assert detection.result.is_tumor
    assert cell.is_correct  # a meningioma is a tumour
    assert cell.prediction_text == f"tumour {detection.tumor_probability:.0%}"
    assert not render_cell(scan, "notumor", detection).is_correct
    assert render_cell(scan, "tumor", detection).is_correct


@pytest.mark.parametrize("shape", [(96, 96), (40, 300), (300, 40)])
def test_scan_of_any_shape_gives_a_png_without_metadata(detector: Detector, shape: tuple[int, int]) -> None:
    scan = read_scan(np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8), "x" * 300)
    image = _open(render_explanation(scan, detector.detect(scan)))
    assert image.format == "PNG"
    assert image.info == {}
    assert 700 < image.width < 1400
    assert 200 < image.height < 700


def test_equal_input_gives_equal_figures(detector: Detector) -> None:
    scan = make_scan(2)
    detection = detector.detect(scan)
    assert render_explanation(scan, detection) == render_explanation(scan, detection)


def test_grid_has_a_row_per_label_and_frames_wrong_classes(detector: Detector) -> None:
    detections = [(make_scan(n), detector.detect(make_scan(n))) for n in range(3)]
    cells = [render_cell(scan, str(detection.result), detection) for scan, detection in detections]
    assert all(cell.is_correct for cell in cells)
    with_error = [replace(cells[0], is_correct=False), *cells[1:]]
    right, wrong = _open(render_grid(cells, "v1")), _open(render_grid(with_error, "v1"))
    labels = len({cell.label for cell in cells})
    assert right.height > 192 * labels
    changed = np.any(np.asarray(right) != np.asarray(wrong), axis=2)
    assert changed[: 84 + 192, :].any()


def test_figure_is_named_after_scan_and_version(workspace: Settings, tmp_path: Path) -> None:
    write_explained_version(workspace.outputs)
    scan = _save(tmp_path / "größe.png")
    summary = explain([scan], tmp_path / "figures", "v4", workspace)
    (figure,) = summary.figures
    assert figure.name.startswith("größe-")
    assert figure.name.endswith("-v4.png")
    assert _open(figure.read_bytes()).width > 1500  # four panels, because the model has a gradient graph
    assert "1 figure by v4" in str(summary)
    assert [path.name for path in figure.parent.iterdir()] == [figure.name]


def test_finder_is_called_only_without_a_gradient_graph(workspace: Settings, tmp_path: Path) -> None:
    write_version(workspace.outputs)
    write_explained_version(workspace.outputs)
    scan, calls = _save(tmp_path / "scan.png"), []

    def finder(artifact):
        calls.append(artifact.card.version)
        return np.ones_like

    for version in ("v1", "v4"):
        (figure,) = explain([scan, scan], tmp_path / "out", version, workspace, finder=finder).figures
        assert _open(figure.read_bytes()).width > 1500
    assert calls == ["v1"]


def test_without_gradient_the_figure_has_three_panels_and_one_note(workspace: Settings, tmp_path: Path) -> None:
    write_version(workspace.outputs)
    scans = [_save(tmp_path / f"{seed}.png", seed=seed) for seed in range(2)]

    def finder(artifact):
        raise ArtifactError("Train it again.")

    summary = explain(scans, tmp_path / "out", "v1", workspace, finder=finder)
    assert [_open(path.read_bytes()).width > 1500 for path in summary.figures] == [False, False]
    assert str(summary).count("Without saliency: Train it again.") == 1


def test_every_slice_of_a_volume_is_explained(workspace: Settings, tmp_path: Path) -> None:
    write_version(workspace.outputs)
    pages = [Image.fromarray(make_phantom(TumorClass.GLIOMA, seed, 96).pixels) for seed in range(3)]
    pages[0].save(tmp_path / "pages.tiff", save_all=True, append_images=pages[1:])
    summary = explain([tmp_path / "pages.tiff"], tmp_path / "out", "v1", workspace)
    assert len(set(summary.figures)) == 3


def test_unreadable_image_is_reported_and_sets_the_exit_code(
    workspace: Settings, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    write_explained_version(workspace.outputs)  # has a gradient graph, so the finder is not called
    (tmp_path / "broken.png").write_bytes(b"not an image")
    scan, folder = _save(tmp_path / "scan.png"), tmp_path / "out"
    code = main(["explain", str(tmp_path / "broken.png"), str(scan), "--version", "v4", "--out", str(folder)])
    out, err = capsys.readouterr()
    assert code == 1
    assert len(list(folder.iterdir())) == 1
    assert err.count("braintumor:") == 1
    assert "broken.png" in err
    assert "1 file could not be read" in out
    assert main(["explain", str(scan), "--version", "v4", "--out", str(folder)]) == 0


def test_command_needs_an_image_or_grid(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(["explain"])
    assert exit_info.value.code == 2
    assert "--grid" in capsys.readouterr().err


def test_unwritable_folder_raises_an_error(workspace: Settings, tmp_path: Path) -> None:
    write_version(workspace.outputs)
    (tmp_path / "occupied").write_text("a file")
    with pytest.raises(BrainTumorError, match=r"cannot be written .* --out"):
        explain([_save(tmp_path / "scan.png")], tmp_path / "occupied", "v1", workspace)


def test_unsupported_characters_are_replaced_and_long_lines_shortened() -> None:
    assert to_supported_text("größe é 脳\n·") == "grosse e ??·"
    line = fit_text("begin" + "x" * 300 + "end", 17, 200)
    assert text_width(line, 17) <= 200
    assert line.startswith("begin")
    assert line.endswith("end")
