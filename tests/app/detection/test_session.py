"""Reading session: readings of the uploaded files, the job behind them, and removal."""

from typing import Any

import pytest

from app_pages.components.detection import session as session_module
from app_pages.components.detection.session import ReadingSession
from braintumor.reporting.csv_export import error_row
from braintumor.services.file_groups import FileGroup, GroupKind
from braintumor.services.reading import ReadingService
from braintumor.services.reading_job import ReadingProgress
from braintumor.services.reading_result import Reading
from braintumor.services.slice_count import SliceCount
from tests.helpers.readings import READINGS


class _Detector:
    version = "v1"


class _ManualJob:
    """A job that finishes a group when the test says so."""

    is_running = True
    progress = ReadingProgress(0, 2, 0, True)

    def __init__(self, service: ReadingService, groups: list[FileGroup], previous: object, is_wanted: object) -> None:
        self.counts: dict[str, SliceCount] = {}
        self.version = service.version
        self.readings: dict[str, list[Reading]] = {group.key: [] for group in groups}
        self.completed: set[str] = set()

    def finish(self, key: str) -> None:
        self.readings[key] = READINGS[:1]
        self.completed.add(key)

    def keep_alive(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""

    def wait(self, seconds: float) -> None:
        """Do nothing."""


def test_group_finished_between_two_checks_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    groups: list[Any] = [FileGroup((), key, GroupKind.IMAGE) for key in ("one", "two")]
    monkeypatch.setattr(session_module, "group_files", lambda files, _: files)
    monkeypatch.setattr(session_module, "ReadingJob", _ManualJob)
    session, detector = ReadingSession(), _Detector()
    session.sync_files(detector, groups)  # type: ignore[arg-type]
    job = session._job
    assert isinstance(job, _ManualJob)
    collect = session.collect

    def collect_then_finish_one() -> None:
        collect()
        job.finish("one")

    monkeypatch.setattr(session, "collect", collect_then_finish_one)
    session.sync_files(detector, groups)  # type: ignore[arg-type]
    assert session._job is job
    monkeypatch.setattr(session, "collect", collect)
    session.collect()
    assert session.readings() == READINGS[:1]


def test_slice_is_removed_with_its_file_or_if_its_files_were_read_without_it() -> None:
    session, group = ReadingSession(), FileGroup((), "key", GroupKind.SERIES)
    session._file_groups = [group]
    assert session.removed_ids([f"{group.id}-a.0", "other-1"]) == {"other-1"}
    session._completed["v1", group.key] = [Reading(f"{group.id}-b.0", error_row("b.dcm", "", "v1"))]
    assert session.removed_ids([f"{group.id}-a.0", f"{group.id}-b.0"]) == {f"{group.id}-a.0"}
    session._file_groups = []
    assert session.removed_ids([f"{group.id}-b.0"]) == {f"{group.id}-b.0"}
