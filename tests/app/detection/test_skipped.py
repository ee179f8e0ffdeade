"""Detection page: one quiet line lists what was skipped, and the rest of a study is read."""

import time
from dataclasses import dataclass
from typing import Any

from app_pages.components.detection.session import ReadingSession
from braintumor.inference import Detector
from braintumor.settings import Settings
from tests.app.conftest import Open, Upload, words
from tests.helpers.apptest.detection import reading_session, summary_counts, upload, viewer_data
from tests.helpers.scan_files.discs import make_disc, make_slice
from tests.helpers.versions.tiny import write_version


@dataclass(frozen=True)
class StoredFile:
    """An uploaded file."""

    name: str
    content: bytes

    @property
    def file_id(self) -> str:
        return self.name

    def getvalue(self) -> bytes:
        return self.content


LOCALIZER = ["ORIGINAL", "PRIMARY", "LOCALIZER"]


def as_uploads(files: dict[str, bytes]) -> list[Upload]:
    return [(name, content, "application/octet-stream") for name, content in files.items()]


def test_uploaded_disc_shows_its_study_and_one_line(artifacts: Settings, open_page: Open) -> None:
    localizer = make_slice(9, SeriesInstanceUID="1.2.3.4", ImageType=LOCALIZER)
    app = upload(open_page, as_uploads({**make_disc(), "DICOM/S0002/IM0001": localizer}))
    assert len(viewer_data(app)["entries"]) == 1
    counts = summary_counts(app)
    assert (sum(counts.values()), counts["Could not be read"]) == (2, 0)
    (line,) = [expander for expander in app.expander if "Skipped" in expander.label]
    assert line.label == "Skipped: 1 localizer slice, 19 files that are not scans."
    listed = line.text[0].value
    assert "DICOM/S0002/IM0001: localizer" in listed
    assert "VIEWER/viewer.exe: not a scan" in listed
    assert len(reading_session(app).skipped()) == 20


def test_nothing_skipped_shows_no_line(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, scans[:1])
    assert not any("Skipped" in expander.label for expander in app.expander)
    assert "not scans" not in words(app)


def test_second_version_lists_what_the_first_skipped(workspace: Settings) -> None:
    localizer = make_slice(9, SeriesInstanceUID="1.2.3.4", ImageType=LOCALIZER)
    files: list[Any] = [StoredFile("IM1", make_slice(1)), StoredFile("IM2", localizer)]
    session = ReadingSession()
    for version in ("v1", "v2"):
        write_version(workspace.outputs, version)
        session.sync_files(Detector.load(version, workspace), files)
        while session.progress().is_running:
            time.sleep(0.01)
        session.collect()
        assert [reading.version for reading in session.readings()] == [version]
        assert [(scan.name, scan.reason) for scan in session.skipped()] == [("IM2", "localizer")]
    session.sync_files(Detector.load("v2", workspace), files[:1])
    assert not session.skipped()
