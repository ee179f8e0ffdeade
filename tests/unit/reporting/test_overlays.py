"""Overlays on disk: the scan's own size, a name that follows from its own, never half a file."""

import numpy as np
from PIL import Image

from braintumor.imaging import read_scan
from braintumor.imaging.overlay import draw_overlay
from braintumor.reporting.overlays import overlay_path, overlay_png, save_overlay
from tests.golden.draw import SCANS


def test_an_overlay_shows_the_scan_with_its_heat_map(detector, tmp_path):
    scan = read_scan(SCANS / "l.png")
    detection = detector.detect(scan)
    path = save_overlay(tmp_path / "new" / "folder", detection, overlay_png(scan, detection))
    with Image.open(path) as image:
        np.testing.assert_array_equal(np.asarray(image), draw_overlay(scan.to_uint8(), detection.heat_map))
    assert [file.name for file in path.parent.iterdir()] == [f"l-{scan.sha256[:8]}.png"]


def test_equal_names_in_different_folders_do_not_clash(tmp_path):
    one, other = (
        overlay_path(tmp_path, f"{folder}/scan.jpg", sha) for folder, sha in (("a", "0" * 64), ("b", "1" * 64))
    )
    assert one != other
    assert one.parent == other.parent == tmp_path


def test_slices_of_a_file_with_a_long_name_each_have_an_overlay_of_their_own(tmp_path):
    name, sha256 = f"{'very long name ' * 12}.nii.gz", "0" * 64
    paths = {overlay_path(tmp_path, f"{name} [axial {number}]", sha256) for number in range(1, 13)}
    assert len(paths) == 12
    assert all(len(path.name.encode()) < 120 for path in paths)
