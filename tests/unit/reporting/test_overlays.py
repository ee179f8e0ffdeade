"""Overlay files: the size of the scan, unique names, written atomically."""

import numpy as np
from PIL import Image

from braintumor.imaging import read_scan
from braintumor.imaging.overlay import draw_overlay
from braintumor.reporting.overlays import overlay_path, overlay_png, save_overlay
from tests.golden.draw import SCANS


def test_overlay_shows_the_scan_with_its_heat_map(detector, tmp_path):
    scan = read_scan(SCANS / "l.png")
    detection = detector.detect(scan)
    path = save_overlay(tmp_path / "new" / "folder", detection, overlay_png(scan, detection))
    with Image.open(path) as image:
        np.testing.assert_array_equal(np.asarray(image), draw_overlay(scan.to_uint8(), detection.heat_map))
    assert [file.name for file in path.parent.iterdir()] == [f"l-{scan.sha256[:8]}.png"]


def test_same_name_in_different_folders_gives_different_paths(tmp_path):
    first, second = (
        overlay_path(tmp_path, f"{folder}/scan.jpg", sha) for folder, sha in (("a", "0" * 64), ("b", "1" * 64))
    )
    assert first != second
    assert first.parent == second.parent == tmp_path


def test_slices_of_a_file_with_a_long_name_have_different_paths(tmp_path):
    name, sha256 = f"{'very long name ' * 12}.nii.gz", "0" * 64
    paths = {overlay_path(tmp_path, f"{name} [axial {number}]", sha256) for number in range(1, 13)}
    assert len(paths) == 12
    assert all(len(path.name.encode()) < 120 for path in paths)
