"""Running mean and variance of arrays in one pass: Welford (1962), merged as by Chan, Golub and LeVeque (1979).

Bytes are summed as whole numbers first, which is exact and several times faster.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from braintumor.datasets.masks import read_mask
from braintumor.errors import DatasetError
from braintumor.exploration.image_features import compute_image_features, compute_tumor_features
from braintumor.imaging import InputSpec, Scan, preprocess, read_scan
from braintumor.settings import Settings

# Frames taken together in one step: enough to amortize the call, few enough to stay out of memory.
_BLOCK = 16


@dataclass(slots=True)
class Moments:
    """Count, mean and sum of squared deviations of the arrays seen so far, in float64.

    Attributes
    ----------
    count : int
    mean, m2 : ndarray of float64
        Of the shape of one array.
    """

    count: int
    mean: NDArray[np.float64]
    m2: NDArray[np.float64]

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> Self:
        """Nothing seen yet."""
        return cls(0, np.zeros(shape), np.zeros(shape))

    def add(self, values: NDArray) -> None:
        """Take in one array."""
        self.count += 1
        delta = values - self.mean
        self.mean += delta / self.count
        self.m2 += delta * (values - self.mean)

    def add_batch(self, arrays: NDArray) -> None:
        """Take in many arrays stacked on the first axis, a few at a time."""
        for start in range(0, len(arrays), _BLOCK):
            block = arrays[start : start + _BLOCK].astype(np.float64)
            mean = block.mean(axis=0)
            block -= mean
            self.merge(Moments(len(block), mean, np.einsum("n...,n...->...", block, block)))

    def merge(self, other: "Moments") -> None:
        """Take in all that another has seen; it is left as it was."""
        total = self.count + other.count
        if other.count == 0:
            return
        delta = other.mean - self.mean
        self.mean += delta * (other.count / total)
        self.m2 += other.m2 + delta**2 * (self.count * other.count / total)
        self.count = total

    def scale(self, factor: float) -> "Moments":
        """The moments of the same arrays, had each been multiplied by a factor."""
        return Moments(self.count, self.mean * factor, self.m2 * factor**2)

    def variance(self, ddof: int = 0) -> NDArray[np.float64]:
        """Variance with divisor `count - ddof`, as numpy's; zeros where the count does not exceed `ddof`."""
        return self.m2 / (self.count - ddof) if self.count > ddof else np.zeros_like(self.m2)

    def std(self, ddof: int = 0) -> NDArray[np.float64]:
        """Standard deviation with divisor `count - ddof`."""
        return np.sqrt(self.variance(ddof))


@dataclass(slots=True)
class ByteSums:
    """Count, sum and sum of squares of arrays of bytes seen so far: whole numbers, so nothing is rounded.

    Attributes
    ----------
    count : int
    total : ndarray of uint32
    squares : ndarray of uint64
    """

    count: int
    total: NDArray[np.uint32]
    squares: NDArray[np.uint64]

    @classmethod
    def from_arrays(cls, arrays: Sequence[NDArray[np.uint8]]) -> Self:
        """The sums of some arrays of one shape, at least one and fewer than 16 million."""
        shape = arrays[0].shape
        sums = cls(len(arrays), np.zeros(shape, np.uint32), np.zeros(shape, np.uint64))
        for frame in arrays:
            sums.total += frame
            sums.squares += np.square(frame, dtype=np.uint16)
        return sums

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean of each element."""
        return self.total / self.count

    def merge(self, other: "ByteSums") -> None:
        """Take in all that another has seen; it is left as it was."""
        self.count += other.count
        self.total += other.total
        self.squares += other.squares

    def to_moments(self) -> Moments:
        """As running moments, rounded once."""
        # Up to ten million arrays this stays within 63 bits, so that nothing is lost where the two are nearly equal.
        deviations = self.count * self.squares.astype(np.int64) - np.square(self.total.astype(np.int64))
        return Moments(self.count, self.mean, deviations / self.count)


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
