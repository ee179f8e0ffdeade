"""What the viewer receives about a scan: directions at its edges, windows with units, and sizes in mm."""

from tests.app.conftest import Open
from tests.golden.draw import make_arrays
from tests.helpers.apptest.detection import select_item, upload, viewer_data
from tests.helpers.dicoms import make_dicom

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
    assert bases["a.dcm"]["presets"][0] == ["Window (file): centre 2,000, width 3,000", 1999.5, 2999.0]
    assert bases["b.dcm"]["edges"] is None
    assert bases["b.dcm"]["presets"][0][0].startswith("As opened: ")
    assert all(preset[2] > 0 for base in bases.values() for preset in base["presets"])
    assert bases["a.dcm"]["size"] == {"width": width / 2, "height": height / 2, "unit": "mm"}
    assert bases["b.dcm"]["size"] == {"width": width, "height": height, "unit": "pixels"}
