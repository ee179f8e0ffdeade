"""Read images and accumulate their statistics; the statistics of shards can be merged."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from braintumor.datasets.masks import read_mask
from braintumor.errors import DatasetError
from braintumor.exploration.accumulators import ByteSums, Moments
from braintumor.exploration.image_features import compute_image_features, compute_tumor_features
from braintumor.exploration.statistics import ALL_PLANES
from braintumor.imaging import InputSpec, Scan, read_scan
from braintumor.imaging.preprocessing import crop_and_resize
from braintumor.settings import Settings

Stratum = tuple[str, str]  # label and plane
_MOMENT_FIELDS: Final = ("pixels", "groups", "masks", "histograms")

# Makes a scan from the content and name of a file.
ScanReader = Callable[[bytes, str, Settings], Scan]


@dataclass(frozen=True, slots=True)
class ImageTask:
    """An image to read: a manifest row and its mask file, if it has one."""

    path: str
    label: str
    plane: str
    group: str
    sha256: str
    mask: Path | None = None
    mirrored: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ImageRecord:
    """Pixels and features of one image.

    Attributes
    ----------
    task : ImageTask
    pixels : ndarray of uint8, shape (height, width)
        The preprocessed image.
    mask : ndarray of bool, shape (height, width), or None
        Tumour mask on the grid of `pixels`.
    features : dict of str to float, or None
        The keys of `IMAGE_FEATURES`; None if only pixels were requested.
    histogram : ndarray of float64, shape (256,), or None
        None if only pixels were requested.
    tumor_features : dict of str to float, or None
        The keys of `TUMOR_FEATURES`; None without a mask.
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
    """Read an image, check its hash against the manifest, and compute its features.

    Raises
    ------
    DatasetError
        The file is missing, or changed since the audit.
    ScanError
        The file is not a readable image.
    """
    content = _read_content(task, settings)
    scan = read(content, task.path, settings)
    if scan.sha256 != task.sha256:
        raise DatasetError(f"{task.path} was altered since the audit. Update the manifest: braintumor data audit")
    # The images as they are: the window of a model input would hide how bright the classes are.
    pixels, geometry = crop_and_resize(scan.to_uint8(), input_spec)
    if pixels_only:
        return ImageRecord(task, pixels)
    features, histogram = compute_image_features(content, scan)
    if task.mask is None:
        return ImageRecord(task, pixels, None, features, histogram)
    mask = geometry.mask_to_input(read_mask(task.mask, task.mirrored, (scan.width, scan.height)))
    return ImageRecord(task, pixels, mask, features, histogram, compute_tumor_features(pixels, mask))


def _read_content(task: ImageTask, settings: Settings) -> bytes:
    try:
        return (settings.dataset / task.path).read_bytes()
    except OSError:
        raise DatasetError(
            f"{task.path} is in the manifest but not in {settings.dataset.name}. Download the data set: braintumor "
            "data fetch, or update the manifest: braintumor data audit"
        ) from None


def _collect_rows(records: list[ImageRecord]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows of the image table and of the tumour table."""
    feature_rows = [{"path": r.task.path, **r.features} for r in records if r.features is not None]
    tumor_rows = [
        {"path": r.task.path, "label": r.task.label, "plane": r.task.plane, "group": r.task.group, **r.tumor_features}
        for r in records
        if r.tumor_features is not None
    ]
    return feature_rows, tumor_rows


@dataclass(slots=True)
class StatisticsAccumulator:
    """Moments by label and plane, in grey levels 0 to 255, and rows of image features.

    Attributes
    ----------
    pixels : dict of (label, plane) to Moments
        Over images.
    groups : dict of (label, plane or "all") to Moments
        Over groups: each group counts once, with the mean of its images.
    masks : dict of (label, plane) to Moments
        Over tumour masks with pixels 0 or 1.
    histograms : dict of (label, "all") to Moments
        Over image histograms.
    feature_rows, tumor_rows : list of dict
        Rows of the image table and of the tumour table.
    """

    pixels: dict[Stratum, Moments] = field(default_factory=dict)
    groups: dict[Stratum, Moments] = field(default_factory=dict)
    masks: dict[Stratum, Moments] = field(default_factory=dict)
    histograms: dict[Stratum, Moments] = field(default_factory=dict)
    feature_rows: list[dict[str, Any]] = field(default_factory=list)
    tumor_rows: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def from_groups(cls, groups: Iterable[list[ImageRecord]]) -> Self:
        """Accumulate groups; each is a list of all its images with one label."""
        accumulator = cls()
        sums: dict[str, dict[Stratum, ByteSums]] = {"pixels": {}, "masks": {}}
        for records in groups:
            accumulator._add_group(records, sums)
        for name, table in sums.items():
            getattr(accumulator, name).update({stratum: part.to_moments() for stratum, part in table.items()})
        return accumulator

    def _add_group(self, records: list[ImageRecord], sums: dict[str, dict[Stratum, ByteSums]]) -> None:
        label = records[0].task.label
        shape = records[0].pixels.shape
        whole = np.zeros(shape, np.uint32)
        for plane in sorted({r.task.plane for r in records}):
            in_plane = [r for r in records if r.task.plane == plane]
            part = ByteSums.from_arrays([r.pixels for r in in_plane])
            whole += part.total
            _get_moments(self.groups, (label, plane), shape).add(part.mean)
            _add_sums(sums["pixels"], (label, plane), part)
            masks = [r.mask.view(np.uint8) for r in in_plane if r.mask is not None]
            if masks:
                _add_sums(sums["masks"], (label, plane), ByteSums.from_arrays(masks))
        _get_moments(self.groups, (label, ALL_PLANES), shape).add(whole / len(records))
        histograms = [r.histogram for r in records if r.histogram is not None]
        if histograms:
            _get_moments(self.histograms, (label, ALL_PLANES), (256,)).add_batch(np.stack(histograms))
        feature_rows, tumor_rows = _collect_rows(records)
        self.feature_rows += feature_rows
        self.tumor_rows += tumor_rows

    def merge(self, other: "StatisticsAccumulator") -> None:
        """Add the statistics of other groups; merging in a fixed order gives identical bits."""
        for name in _MOMENT_FIELDS:
            mine: dict[Stratum, Moments] = getattr(self, name)
            for stratum, moments in getattr(other, name).items():
                _get_moments(mine, stratum, moments.mean.shape).merge(moments)
        self.feature_rows += other.feature_rows
        self.tumor_rows += other.tumor_rows

    def save(self, path: Path, note: dict[str, Any]) -> None:
        """Write an npz file atomically, with a note that identifies the run."""
        arrays: dict[str, NDArray] = {}
        for name in _MOMENT_FIELDS:
            for (label, plane), moments in getattr(self, name).items():
                arrays[f"{name}/{label}/{plane}/mean"] = moments.mean
                arrays[f"{name}/{label}/{plane}/m2"] = moments.m2
                arrays[f"{name}/{label}/{plane}/count"] = np.array(moments.count)
        rows = json.dumps({"note": note, "facts": self.feature_rows, "tumours": self.tumor_rows}).encode()
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        with part.open("wb") as file:  # written directly, because a copy in memory would be large
            np.savez(file, allow_pickle=False, rows=np.frombuffer(rows, np.uint8), **arrays)
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> tuple[Self, dict[str, Any]]:
        """Read accumulator and note from a file that `save` wrote."""
        accumulator = cls()
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            rows = json.loads(stored["rows"].tobytes())
            for key in stored.files:
                if key.endswith("/count"):
                    name, label, plane, _ = key.split("/")
                    stem = key.removesuffix("count")
                    moments = Moments(int(stored[key]), stored[f"{stem}mean"], stored[f"{stem}m2"])
                    getattr(accumulator, name)[label, plane] = moments
        accumulator.feature_rows, accumulator.tumor_rows = rows["facts"], rows["tumours"]
        return accumulator, rows["note"]


def _get_moments(moments_by_stratum: dict[Stratum, Moments], stratum: Stratum, shape: tuple[int, ...]) -> Moments:
    if stratum not in moments_by_stratum:
        moments_by_stratum[stratum] = Moments.empty(shape)
    return moments_by_stratum[stratum]


def _add_sums(sums_by_stratum: dict[Stratum, ByteSums], stratum: Stratum, part: ByteSums) -> None:
    if stratum in sums_by_stratum:
        sums_by_stratum[stratum].merge(part)
    else:
        sums_by_stratum[stratum] = part
