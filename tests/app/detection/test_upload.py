"""Upload of files: what is allowed is stated, and the two files of a volume are read together."""

import numpy as np

from app_pages.components.detection.upload import largest_upload, limits_text
from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES
from braintumor.settings import Settings
from tests.app.conftest import Open
from tests.helpers.apptest.detection import upload, viewer_data
from tests.helpers.scan_files.volumes import make_volume, split_volume


def test_page_states_the_formats_and_limits(artifacts: Settings, open_page: Open) -> None:
    uploader = open_page("detection").get("file_uploader")[0].proto
    assert uploader.max_upload_size_mb == 256
    for text in ("NIfTI", "GIF", "JPEG 2000", "64 MB per slice", "256 MB per volume", "256 MB per ZIP"):
        assert text in uploader.label


def test_limit_of_the_uploader_is_the_largest_of_all() -> None:
    megabyte = 2**20
    for sizes in ((1, 2, 3), (1, 3, 2), (3, 1, 2)):
        limits = [size * megabyte for size in sizes]
        settings = Settings(max_bytes=limits[0], max_volume_bytes=limits[1], max_archive_bytes=limits[2])
        assert largest_upload(settings) == 3 * megabyte
    assert "1.5 MB per slice" in limits_text(Settings(max_bytes=3 * megabyte // 2))


def test_two_files_of_a_volume_are_read_as_one_series(artifacts: Settings, open_page: Open) -> None:
    pixels = make_phantom(CLASSES[0], 3, 64).pixels
    header, voxels = split_volume(make_volume(np.dstack([pixels.T, pixels.T]).astype(np.float32)))
    app = upload(open_page, [("brain.hdr", header, ""), ("brain.img", voxels, "")])
    (entry,) = viewer_data(app)["entries"]
    assert entry["title"] == "Axial, 2 slices, brain.img"
