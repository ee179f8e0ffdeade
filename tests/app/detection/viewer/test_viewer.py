"""What the viewer receives about a scan: directions at its edges, windows with units, and sizes in mm."""

import numpy as np
import pytest

from tests.app.conftest import Open
from tests.golden.draw import make_arrays
from tests.helpers.apptest.detection import select_item, upload, viewer_data
from tests.helpers.dicoms import make_dicom
from tests.helpers.scan_files.volumes import make_volume, make_voxels

GRAY_16 = make_arrays()["array-uint16"]


def test_viewer_receives_directions_windows_and_size(open_page: Open) -> None:
    tags = {"WindowCenter": "2000", "WindowWidth": "3000", "PixelSpacing": ["0.5", "0.5"]}
    oriented = make_dicom(GRAY_16, ImageOrientationPatient=[1, 0, 0, 0, 1, 0], **tags)
    plain = make_dicom(GRAY_16[::-1].copy())
    files = [("a.dcm", oriented, "application/dicom"), ("b.dcm", plain, "application/dicom")]
    app = upload(open_page, files)
    bases = {}
    for number in range(2):
        select_item(app, number)
        scan = viewer_data(app)["scan"]
        bases[scan["name"]] = scan["base"]
    height, width = GRAY_16.shape
    assert bases["a.dcm"]["edges"] == ["A", "L", "P", "R"]
    assert bases["a.dcm"]["presets"][0] == ["Window (file): centre 2,000, width 3,000", 1999.5, 2999.0, [2000, 3000]]
    assert bases["b.dcm"]["edges"] is None
    assert bases["b.dcm"]["presets"][0][0].startswith("As opened: ")
    assert all(preset[2] > 0 for base in bases.values() for preset in base["presets"])
    assert bases["a.dcm"]["size"] == {"width": width / 2, "height": height / 2, "unit": "mm"}
    assert bases["b.dcm"]["size"] == {"width": width, "height": height, "unit": "pixels"}


def test_planes_of_a_volume_are_linked_by_position(open_page: Open) -> None:
    app = upload(open_page, [("v.nii", make_volume(make_voxels(), np.diag([-2, 1.5, 2, 1])), "application/gzip")])
    data = viewer_data(app)
    planes = data["planes"]
    first = {each["title"].split(",")[0]: each for each in planes["slices"]}
    assert len(first) == 2
    assert all(each["shares_window"] for each in planes["slices"])
    assert len(planes["distances"]) == len(data["series"]["ids"])
    assert planes["distances"][data["series"]["index"]] == pytest.approx(0, abs=1e-6)
    placement = planes["placement"]
    corner = [
        a + b * 0.1 + c * 0.1
        for a, b, c in zip(*(placement[name] for name in ("corner", "right", "down")), strict=True)
    ]
    state = {"chosen": data["scan"]["id"], "position": {"position": corner, "frame": planes["frame"]}}
    app.session_state["viewer"] = state
    moved = viewer_data(app.run())["planes"]
    assert moved["position"] == pytest.approx(corner)
    assert {each["id"] for each in moved["slices"]}.isdisjoint(each["id"] for each in planes["slices"])
    for slices in moved["slices"]:  # each goes through the position, to half the thickness of a slice
        offset = np.subtract(corner, slices["placement"]["corner"])
        assert abs(np.dot(offset, slices["placement"]["normal"])) <= 1.01
    app.session_state["viewer"] = {**state, "position": {"position": ["x", None], "frame": planes["frame"]}}
    assert viewer_data(app.run())["planes"]["position"] == pytest.approx(planes["position"])
    app.session_state["viewer"] = {**state, "planes": False}
    assert viewer_data(app.run())["planes"] is None
