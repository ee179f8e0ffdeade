"""ReadingJob: reads in the background, counts progress, stops on request or when no one polls it."""

import io
import time
import zipfile
from collections.abc import Generator, Iterable, Iterator
from typing import Any

import pytest
from PIL import Image

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES
from braintumor.inference import Detector
from braintumor.inference.study import StudyReading
from braintumor.reporting.csv_export import error_row
from braintumor.services import reading_job
from braintumor.services.file_groups import FileGroup, GroupKind, LocalFile
from braintumor.services.reading import ReadingService
from braintumor.services.reading_job import ReadingJob
from braintumor.services.reading_result import Reading
from braintumor.settings import Settings
from tests.helpers.scan_files.memory_file import MemoryFile
from tests.helpers.studies.volumes import make_phantom_volume

GROUPS = [FileGroup((LocalFile(f"{key}.png"),), key, GroupKind.IMAGE) for key in ("a", "b")]


def make_reading(key: str) -> Reading:
    return Reading(f"{key}-0", error_row(f"{key}.png", "broken", "v1"))


class OneEach:
    """A service that gives one reading per group."""

    version = "v1"
    settings = Settings()

    def read(self, groups: list[FileGroup], previous: Any) -> Iterator[Reading]:
        yield from (make_reading(group.key) for group in groups)


class Endless(OneEach):
    """A service that never ends."""

    def read(self, groups: list[FileGroup], previous: Any) -> Iterator[Reading]:
        while True:
            time.sleep(0.005)
            yield make_reading(groups[0].key)


def start(service: OneEach) -> ReadingJob:
    return ReadingJob(service, GROUPS)  # type: ignore[arg-type]


def test_job_reads_all_groups_and_counts_them() -> None:
    job = start(OneEach())
    job.wait(5)
    assert not job.is_running
    assert job.completed == {"a", "b"}
    assert [reading.name for readings in job.readings.values() for reading in readings] == ["a.png", "b.png"]
    progress = job.progress
    assert (progress.files_read, progress.total_files, progress.slices, progress.total_slices) == (2, 2, 2, 2)
    assert not progress.is_running
    assert not progress.is_stopped


def test_stopped_job_ends_before_the_last_group() -> None:
    job = start(Endless())
    assert job.is_running
    job.stop()
    job.wait(5)
    assert not job._thread.is_alive()
    assert not job.completed
    assert job.progress.is_stopped


def test_job_that_is_not_polled_reads_on_while_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_job, "IDLE_TIMEOUT", 0.02)
    asked: list[bool] = []

    def is_wanted() -> bool:
        asked.append(len(asked) < 3)
        return asked[-1]

    job = ReadingJob(Endless(), GROUPS, is_wanted=is_wanted)  # type: ignore[arg-type]
    job.wait(30)
    assert asked == [True, True, True, False, False][: len(asked)]
    assert len(asked) > 3
    assert not job.is_running


def test_job_that_is_not_polled_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_job, "IDLE_TIMEOUT", 0.1)
    job = start(Endless())
    job.wait(5)
    assert not job.is_running


def test_large_volume_has_a_preliminary_verdict_before_its_slices_are_read(detector: Detector) -> None:
    files = [MemoryFile("large.nii", make_phantom_volume(34, 40)), MemoryFile("small.nii", make_phantom_volume(4, 16))]
    events: list[str] = []

    class Watched(ReadingService):
        def read(self, groups: Iterable[FileGroup], previous: Any = None) -> Generator[Reading, None, None]:
            events.append(f"read {next(iter(groups)).key}")
            return super().read(groups, previous)

        def read_ahead(self, group: FileGroup) -> StudyReading | None:
            events.append(f"read ahead {group.key}")
            return super().read_ahead(group)

    groups = [FileGroup((file,), file.name, GroupKind.MULTI_SLICE) for file in files]
    job = ReadingJob(Watched(detector), groups)
    job.wait(120)
    assert events == ["read small.nii", "read ahead large.nii", "read large.nii"]
    (reading,) = job.preliminary.values()
    assert reading.verdict.has_result
    assert reading.counts.read < len(job.readings["large.nii"]) <= reading.counts.total


def test_archive_of_pictures_is_not_read_ahead(detector: Detector) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number in range(3):
            picture = io.BytesIO()
            Image.fromarray(make_phantom(CLASSES[number], number, 64).pixels).save(picture, "PNG")
            archive.writestr(f"{number}.png", picture.getvalue())
    group = FileGroup((MemoryFile("all.zip", content.getvalue()),), "key", GroupKind.MULTI_SLICE)
    assert ReadingService(detector).read_ahead(group) is None


def test_damaged_volume_has_no_preliminary_verdict(detector: Detector) -> None:
    group = FileGroup((MemoryFile("cut.nii", make_phantom_volume(34, 40)[:2000]),), "key", GroupKind.MULTI_SLICE)
    assert ReadingService(detector).read_ahead(group) is None
