"""Read uploaded files: what is common to the answer of one request and to a background job."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TypeVar

from braintumor.imaging import SkippedScan
from braintumor.imaging.file_format import SIGNATURE_BYTES
from braintumor.inference import Detector
from braintumor.inference.study.detect_study import study_rule
from braintumor.reporting.study.result import StudyResult
from braintumor.services.file_discovery import can_have_slices
from braintumor.services.file_groups import FileGroup, GroupKind, ReadableFile, group_files, short_hash
from braintumor.services.reading import ReadingService
from braintumor.services.reading_job import INFERENCE_SLOTS
from braintumor.services.reading_result import Reading, ReadingOptions
from braintumor.services.study_results import StudyCollector

_File = TypeVar("_File", bound=ReadableFile)


def group_uploads(files: Sequence[_File], file_key: Callable[[_File], str]) -> list[FileGroup]:
    """Group uploaded files as `group_files` does, but with a group for each image, which is read on its own.

    The images come first, as in `braintumor predict`.
    """
    heads = {id(file): file.getvalue()[:SIGNATURE_BYTES] for file in files}
    images, others = [], []
    for group in group_files(files, file_key):
        members = [file for file in files if any(file is member for member in group.files)]
        if group.kind is GroupKind.NOT_SCANS:
            others.append(group)
            continue
        slices = [file for file in members if can_have_slices(file.name, heads[id(file)])]
        images += [file for file in members if not any(file is other for other in slices)]
        if slices:
            others.append(FileGroup(tuple(slices), short_hash("|".join(map(file_key, slices))), group.kind))
    single = [file for file in files if any(file is image for image in images)]
    return [*(FileGroup((file,), short_hash(file_key(file)), GroupKind.IMAGE) for file in single), *others]


@dataclass(slots=True)
class UploadReader:
    """Reads groups of files with one model and collects the answers for studies.

    Attributes
    ----------
    skipped : list of SkippedScan
        What was skipped, such as localizers.
    """

    detector: Detector
    options: ReadingOptions = field(default_factory=ReadingOptions)
    skipped: list[SkippedScan] = field(default_factory=list)
    _studies: StudyCollector | None = None

    def read(self, groups: Sequence[FileGroup]) -> Iterator[Reading]:
        """Yield the reading of each slice and of each unreadable file. All readers together keep the cores busy."""
        service = ReadingService(self.detector, options=self.options)
        studies = self._studies = StudyCollector(study_rule(self.detector.artifact.card))
        with closing(service.read(groups)) as readings:
            while True:
                with INFERENCE_SLOTS:
                    reading = next(readings, None)
                if reading is None:
                    break
                studies.add(reading)
                yield reading
        self.skipped += [scan for scans in service.skipped.values() for scan in scans]

    def studies(self) -> list[StudyResult]:
        """Return the answers for the studies read."""
        return self._studies.results() if self._studies else []
