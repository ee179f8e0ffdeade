"""Reads one image of the set and takes down all that the exploration needs of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from braintumor.dataset.alignment import read_mask
from braintumor.errors import DatasetError
from braintumor.exploration.facts import image_facts
from braintumor.exploration.tumours import tumour_measures
from braintumor.imaging import InputContract, Scan, read_scan, standardize
from braintumor.settings import Settings

# Makes a scan of a file's content and name.
Reader = Callable[[bytes, str, Settings], Scan]


@dataclass(frozen=True, slots=True)
class Task:
    """One image to read: a manifest row, with the mask file that belongs to it where there is one."""

    path: str
    label: str
    plane: str
    group: str
    sha256: str
    mask: Path | None = None
    mirrored: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What was taken down of one image; the mask lies on the standardized frame like the pixels.

    `facts`, `histogram` and `tumour` are None where they were not asked for, or where there is no tumour.
    """

    task: Task
    frame: NDArray[np.uint8]
    mask: NDArray[np.bool_] | None = None
    facts: dict[str, float] | None = None
    histogram: NDArray[np.float64] | None = None
    tumour: dict[str, float] | None = None


def observe(
    task: Task, contract: InputContract, settings: Settings, only_frames: bool = False, read: Reader = read_scan
) -> Observation:
    """Read an image once, check that it is the one the manifest describes, and measure it.

    Raises
    ------
    DatasetError
        The file is missing or was altered since the audit.
    ScanError
        The file is no image any more.
    """
    content = _content(task, settings)
    scan = read(content, task.path, settings)
    if scan.sha256 != task.sha256:
        raise DatasetError(f"{task.path} was altered since the audit. Write the manifest anew: braintumor data audit")
    frame, geometry = standardize(scan, contract)
    if only_frames:
        return Observation(task, frame)
    facts, histogram = image_facts(content, scan)
    if task.mask is None:
        return Observation(task, frame, None, facts, histogram)
    mask = geometry.mask_to_frame(read_mask(task.mask, task.mirrored, (scan.width, scan.height)))
    return Observation(task, frame, mask, facts, histogram, tumour_measures(frame, mask))


def _content(task: Task, settings: Settings) -> bytes:
    try:
        return (settings.dataset / task.path).read_bytes()
    except OSError:
        raise DatasetError(
            f"{task.path} is in the manifest but not in {settings.dataset.name}. Get the set with: braintumor data "
            "fetch, or write the manifest anew with: braintumor data audit"
        ) from None


def frame_rows(observations: list[Observation]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of the facts table and of the tumour table that observations give."""
    facts = [{"path": o.task.path, **o.facts} for o in observations if o.facts is not None]
    tumours = [
        {"path": o.task.path, "label": o.task.label, "plane": o.task.plane, "group": o.task.group, **o.tumour}
        for o in observations
        if o.tumour is not None
    ]
    return facts, tumours
