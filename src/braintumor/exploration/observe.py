"""Reads one image of the set and takes down all that the exploration needs of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from braintumor.dataset.alignment import read_mask
from braintumor.errors import DatasetError
from braintumor.exploration.facts import compute_image_features
from braintumor.exploration.tumours import compute_tumor_features
from braintumor.imaging import InputSpec, Scan, preprocess, read_scan
from braintumor.settings import Settings

# Makes a scan of a file's content and name.
ScanReader = Callable[[bytes, str, Settings], Scan]


@dataclass(frozen=True, slots=True)
class ImageTask:
    """One image to read: a manifest row, with the mask file that belongs to it where there is one."""

    path: str
    label: str
    plane: str
    group: str
    sha256: str
    mask: Path | None = None
    mirrored: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ImageRecord:
    """What was taken down of one image; the mask lies on the standardized frame like the pixels.

    `facts`, `histogram` and `tumour` are None where they were not asked for, or where there is no tumour.
    """

    task: ImageTask
    pixels: NDArray[np.uint8]
    mask: NDArray[np.bool_] | None = None
    features: dict[str, float] | None = None
    histogram: NDArray[np.float64] | None = None
    tumor_features: dict[str, float] | None = None


def extract_features(
    task: ImageTask, input_spec: InputSpec, settings: Settings, pixels_only: bool = False, read: ScanReader = read_scan
) -> ImageRecord:
    """Read an image once, check that it is the one the manifest describes, and measure it.

    Raises
    ------
    DatasetError
        The file is missing or was altered since the audit.
    ScanError
        The file is no image any more.
    """
    content = _read_content(task, settings)
    scan = read(content, task.path, settings)
    if scan.sha256 != task.sha256:
        raise DatasetError(f"{task.path} was altered since the audit. Write the manifest anew: braintumor data audit")
    frame, geometry = preprocess(scan, input_spec)
    if pixels_only:
        return ImageRecord(task, frame)
    facts, histogram = compute_image_features(content, scan)
    if task.mask is None:
        return ImageRecord(task, frame, None, facts, histogram)
    mask = geometry.mask_to_input(read_mask(task.mask, task.mirrored, (scan.width, scan.height)))
    return ImageRecord(task, frame, mask, facts, histogram, compute_tumor_features(frame, mask))


def _read_content(task: ImageTask, settings: Settings) -> bytes:
    try:
        return (settings.dataset / task.path).read_bytes()
    except OSError:
        raise DatasetError(
            f"{task.path} is in the manifest but not in {settings.dataset.name}. Get the set with: braintumor data "
            "fetch, or write the manifest anew with: braintumor data audit"
        ) from None


def collect_rows(records: list[ImageRecord]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of the facts table and of the tumour table that observations give."""
    facts = [{"path": o.task.path, **o.features} for o in records if o.features is not None]
    tumours = [
        {"path": o.task.path, "label": o.task.label, "plane": o.task.plane, "group": o.task.group, **o.tumor_features}
        for o in records
        if o.tumor_features is not None
    ]
    return facts, tumours
