"""Files read as `predict` reads them, to compare whole results."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from braintumor.enums import CLASSES
from braintumor.imaging import Scan, SkippedScan
from braintumor.inference import Detection, Detector
from braintumor.services.file_discovery import discover_files
from braintumor.services.file_groups import group_paths
from braintumor.services.reading import ReadingService
from braintumor.services.reading_result import Reading, ReadingOptions


def read_paths(
    detector: Detector, paths: Sequence[Path], count: int | None = None
) -> tuple[list[Reading], list[SkippedScan]]:
    """Read the first slices of files, or all, and return the readings and what was skipped."""
    discovered = discover_files(paths)
    service = ReadingService(detector, options=ReadingOptions(keep_scan=True))
    readings = list(islice(service.read(group_paths(discovered.files, discovered.volumes)), count))
    assert {reading.error for reading in readings} <= {""}
    return readings, [scan for scans in service.skipped.values() for scan in scans]


def read_path(detector: Detector, path: Path) -> tuple[Scan, Detection]:
    """Read a file with one slice, and return the scan as it is shown and the result."""
    (reading,), _ = read_paths(detector, [path])
    return shown_scan(reading), detection_of(reading)


def shown_scan(reading: Reading) -> Scan:
    """Return the scan as it was read."""
    assert reading.compressed_scan is not None
    return reading.compressed_scan.to_scan()


def detection_of(reading: Reading) -> Detection:
    """Return the result of a slice that was read."""
    assert reading.detection is not None
    return reading.detection


def probability_difference(first: Detection, second: Detection) -> float:
    """Return the largest difference between two results in the probability of a class."""
    return max(abs(first.probabilities[label] - second.probabilities[label]) for label in CLASSES)
