"""Read and write class statistics, such as average images, in `outputs/dataset/statistics.npz`; needs only numpy.

Every map is float32 with shape (height, width), on the preprocessed image that `meta` describes. Keys of the file:

    meta                               JSON text, see `Meta`
    average/<label>/<plane>            mean grey value of each pixel, 0 to 1, in steps of 2**-14
    variability/<label>/<plane>        standard deviation of each pixel (divisor n), in steps of 2**-14
    atlas/<label>/<plane>              share of masks that cover the pixel, in steps of 2**-10
    effect/<a>/<b>/<plane or all>      Hedges' g of a minus b over groups, in steps of 2**-6; a before b
    significance/<a>/<b>/<plane or all>  uint8: number of `levels` at which the pixel is significant
    histogram/<label>                  share of pixels at each of 256 grey levels, averaged over images

Planes are axial, coronal, sagittal and unknown (no source states it). A whole class is pooled exactly from its planes
on load. The steps are too small to see and let the file compress to a size that can be committed.
"""

import functools
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import CLASSES, Plane, TumorClass
from braintumor.errors import DatasetError
from braintumor.exploration.effect_size import Effect
from braintumor.settings import get_settings

Map = NDArray[np.float32]
MapName = Literal["average", "variability"]
STATISTICS_FILE: Final = "statistics.npz"
ALL_PLANES: Final = "all"
_QUANTIZATION_STEPS: Final = {"average": 2.0**-14, "variability": 2.0**-14, "atlas": 2.0**-10, "effect": 2.0**-6}


@dataclass(frozen=True, slots=True)
class Meta:
    """Preprocessing and image counts behind the maps.

    Attributes
    ----------
    contract : dict
        The preprocessing: fields of `braintumor.imaging.InputSpec`.
    levels : list of float
        False discovery rates, in descending order, that `significance` counts.
    counts, masks : dict of label to dict of plane to int
        Number of images, and of images with a tumour mask.
    groups : dict of label to dict of plane or "all" to int
        Number of independent groups of patients and near-duplicates.
    fingerprint : str
        Hash of the images behind the maps.
    """

    contract: dict[str, Any]
    levels: list[float]
    counts: dict[str, dict[str, int]]
    groups: dict[str, dict[str, int]]
    masks: dict[str, dict[str, int]]
    fingerprint: str


class Statistics:
    """Maps of the data set by class and plane; `plane=None` pools all planes.

    Examples
    --------
    >>> statistics = load_statistics()                                           # doctest: +SKIP
    >>> statistics.average("glioma", "axial").shape                      # doctest: +SKIP
    (256, 256)
    """

    def __init__(self, meta: Meta, arrays: dict[str, NDArray]) -> None:
        self.meta = meta
        self.arrays = arrays

    def planes(self, label: TumorClass | str) -> list[Plane]:
        """Return the planes for which the class has images, in a fixed order."""
        counts = self.meta.counts.get(str(label), {})
        return [plane for plane in Plane if counts.get(plane, 0) > 0]

    def image_count(self, label: TumorClass | str, plane: Plane | str | None = None) -> int:
        """Return the number of images behind `average` and `variability`."""
        return _sum_counts(self.meta.counts, label, plane)

    def mask_count(self, label: TumorClass | str, plane: Plane | str | None = None) -> int:
        """Return the number of tumour masks behind `atlas`."""
        return _sum_counts(self.meta.masks, label, plane)

    def group_count(self, label: TumorClass | str, plane: Plane | str | None = None) -> int:
        """Return the number of independent groups (patients and near-duplicates) among the images."""
        return self.meta.groups.get(str(label), {}).get(str(plane or ALL_PLANES), 0)

    def average(self, label: TumorClass | str, plane: Plane | str | None = None) -> Map:
        """Return the mean grey value of each pixel, 0 to 1.

        Raises
        ------
        DatasetError
            There are no images of this class and plane.
        """
        return self._pool_planes(str(label), None if plane is None else str(plane))[0]

    def variability(self, label: TumorClass | str, plane: Plane | str | None = None) -> Map:
        """Return the standard deviation of each pixel over the images, for grey values 0 to 1."""
        return self._pool_planes(str(label), None if plane is None else str(plane))[1]

    def difference(
        self, a: TumorClass | str, b: TumorClass | str, plane: Plane | str | None = None, map_name: MapName = "average"
    ) -> Map:
        """Return the difference of two classes, a minus b: positive where a is brighter (or varies more)."""
        get_map = self.average if map_name == "average" else self.variability
        return get_map(a, plane) - get_map(b, plane)

    def effect(self, a: TumorClass | str, b: TumorClass | str, plane: Plane | str | None = None) -> Effect | None:
        """Return the effect size of each pixel over groups, a minus b; None if a class has too few groups."""
        order = [str(c) for c in CLASSES]
        swapped = order.index(str(a)) > order.index(str(b))
        first, second = (b, a) if swapped else (a, b)
        key = f"{first}/{second}/{plane or ALL_PLANES}"
        if f"effect/{key}" not in self.arrays:
            return None
        size = self.arrays[f"effect/{key}"]
        return Effect(-size if swapped else size, self.arrays[f"significance/{key}"], tuple(self.meta.levels))

    def atlas(self, label: TumorClass | str, plane: Plane | str | None = None) -> Map | None:
        """Return the share of masks that cover each pixel, 0 to 1; None without masks."""
        atlases = [
            (self.mask_count(label, p), self.arrays[f"atlas/{label}/{p}"])
            for p in ([Plane(plane)] if plane else Plane)
            if self.mask_count(label, p)
        ]
        if not atlases:
            return None
        total = sum(n for n, _ in atlases)
        return np.asarray(sum(share * np.float32(n / total) for n, share in atlases), np.float32)

    def histogram(self, label: TumorClass | str) -> Map:
        """Return the share of pixels at each of 256 grey levels, averaged over the images of a class."""
        return self.arrays[f"histogram/{label}"]

    @functools.cached_property
    def _cache(self) -> dict[tuple[str, str | None], tuple[Map, Map]]:
        return {}

    def _pool_planes(self, label: str, plane: str | None) -> tuple[Map, Map]:
        """Return average and variability of a plane, or pool all planes with the law of total variance."""
        if (label, plane) not in self._cache:
            planes = [plane] if plane else [str(p) for p in self.planes(label)]
            weights = [self.image_count(label, p) for p in planes]
            if sum(weights) == 0:
                raise DatasetError(f"The image set has no {plane or ''} images of {label}.".replace("  ", " "))
            means = [self.arrays[f"average/{label}/{p}"].astype(np.float64) for p in planes]
            deviations = [self.arrays[f"variability/{label}/{p}"].astype(np.float64) for p in planes]
            mean = np.average(means, axis=0, weights=weights)
            within = np.average(np.square(deviations), axis=0, weights=weights)
            between = np.average([(m - mean) ** 2 for m in means], axis=0, weights=weights)
            self._cache[label, plane] = (mean.astype(np.float32), np.sqrt(within + between).astype(np.float32))
        return self._cache[label, plane]


def load_statistics(path: Path | None = None) -> Statistics:
    """Read the statistics, by default from `outputs/dataset/statistics.npz`.

    Raises
    ------
    DatasetError
        The file is missing or damaged.
    """
    path = path or get_settings().dataset_outputs / STATISTICS_FILE
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in stored.files}
        meta = Meta(**json.loads(str(arrays.pop("meta"))))
    except FileNotFoundError:
        raise DatasetError("There are no statistics yet. Compute them with: braintumor explore") from None
    except Exception as error:  # a damaged file raises errors of zipfile, zlib or numpy
        raise DatasetError(
            f"{path.name} cannot be read ({error}). Compute it again with: braintumor explore"
        ) from error
    return Statistics(meta, arrays)


def to_npz(meta: Meta, arrays: dict[str, NDArray]) -> bytes:
    """Round and compress maps to the content of the file; equal input gives equal bytes."""
    stream = io.BytesIO()
    rounded = {key: _quantize(key, arrays[key]) for key in sorted(arrays)}
    text = np.array(json.dumps(asdict(meta), sort_keys=True))
    np.savez_compressed(stream, allow_pickle=False, meta=text, **rounded)
    return stream.getvalue()


def _quantize(key: str, values: NDArray) -> NDArray:
    step = _QUANTIZATION_STEPS.get(key.partition("/")[0])
    return values if step is None else (np.rint(values / step) * step).astype(np.float32)


def _sum_counts(counts_by_label: dict[str, dict[str, int]], label: TumorClass | str, plane: Plane | str | None) -> int:
    counts = counts_by_label.get(str(label), {})
    return sum(counts.values()) if plane is None else counts.get(str(plane), 0)
