"""Statistics: the average images and what goes with them, as stored in `outputs/dataset/statistics.npz`. numpy only.

Keys of the file; every map is float32 of shape (height, width), on the frame that `meta` states:

    meta                               JSON text: contract, level of each count, see `Meta`
    average/<label>/<plane>            mean grey value of each pixel, 0 to 1, in steps of 2**-14
    variability/<label>/<plane>        standard deviation of each pixel (divisor n), in steps of 2**-14
    atlas/<label>/<plane>              share of the images with a mask whose tumour covers the pixel, steps of 2**-10
    effect/<a>/<b>/<plane or all>      Hedges' g of a minus b, groups as the unit, in steps of 2**-6; a before b
    significance/<a>/<b>/<plane or all>  uint8: how many of `levels` the pixel's false discovery rate stays below
    histogram/<label>                  share of pixels at each of 256 grey levels of the files, averaged over images

Planes are axial, coronal, sagittal and unknown (where no source says). A class as a whole is pooled from its planes on
load, exactly. Steps are far below what can be seen, and let the file compress to a size fit to commit.
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


@dataclass(frozen=True, slots=True)
class Meta:
    """What the maps were made with, and from how many images.

    Attributes
    ----------
    contract : dict
        The standardization: fields of `braintumor.imaging.InputContract`.
    levels : list of float
        False discovery rates, falling, that `significance` counts.
    counts, masks : dict of label to dict of plane to int
        Images, and images with a tumour mask.
    groups : dict of label to dict of plane or "all" to int
        Independent groups: patients and near-duplicates joined.
    fingerprint : str
        Hash of the image set the maps were made from.
    """

    contract: dict[str, Any]
    levels: list[float]
    counts: dict[str, dict[str, int]]
    groups: dict[str, dict[str, int]]
    masks: dict[str, dict[str, int]]
    fingerprint: str


class Statistics:
    """The maps of the set, by class and plane; `plane=None` is the class as a whole.

    Examples
    --------
    >>> statistics = load()                                              # doctest: +SKIP
    >>> statistics.average("glioma", "axial").shape                      # doctest: +SKIP
    (256, 256)
    """

    def __init__(self, meta: Meta, arrays: dict[str, NDArray]) -> None:
        self.meta = meta
        self.arrays = arrays

    def planes(self, label: TumorClass | str) -> list[Plane]:
        """Planes of which the class has images, in fixed order."""
        counts = self.meta.counts.get(str(label), {})
        return [plane for plane in Plane if counts.get(plane, 0) > 0]

    def image_count(self, label: TumorClass | str, plane: Plane | str | None = None) -> int:
        """Images behind `average` and `variability`; 0 where there are none."""
        return _sum_counts(self.meta.counts, label, plane)

    def mask_count(self, label: TumorClass | str, plane: Plane | str | None = None) -> int:
        """Images with a tumour mask behind `atlas`; 0 where there are none."""
        return _sum_counts(self.meta.masks, label, plane)

    def group_count(self, label: TumorClass | str, plane: Plane | str | None = None) -> int:
        """Independent groups (patients and near-duplicates joined) among those images."""
        return self.meta.groups.get(str(label), {}).get(str(plane or ALL_PLANES), 0)

    def average(self, label: TumorClass | str, plane: Plane | str | None = None) -> Map:
        """Mean grey value of each pixel, 0 to 1.

        Raises
        ------
        DatasetError
            The set has no image of that class and plane.
        """
        return self._pool_planes(str(label), None if plane is None else str(plane))[0]

    def variability(self, label: TumorClass | str, plane: Plane | str | None = None) -> Map:
        """Standard deviation of each pixel over the images, on the scale of grey values 0 to 1."""
        return self._pool_planes(str(label), None if plane is None else str(plane))[1]

    def difference(
        self, a: TumorClass | str, b: TumorClass | str, plane: Plane | str | None = None, map_name: MapName = "average"
    ) -> Map:
        """Signed difference of two classes, a minus b: above zero where a is brighter (or varies more)."""
        of = self.average if map_name == "average" else self.variability
        return of(a, plane) - of(b, plane)

    def effect(self, a: TumorClass | str, b: TumorClass | str, plane: Plane | str | None = None) -> Effect | None:
        """Effect size of each pixel, a minus b, with groups as the unit; None where a side has too few groups."""
        order = [str(c) for c in CLASSES]
        turned = order.index(str(a)) > order.index(str(b))
        first, second = (b, a) if turned else (a, b)
        key = f"{first}/{second}/{plane or ALL_PLANES}"
        if f"effect/{key}" not in self.arrays:
            return None
        size = self.arrays[f"effect/{key}"]
        return Effect(-size if turned else size, self.arrays[f"significance/{key}"], tuple(self.meta.levels))

    def atlas(self, label: TumorClass | str, plane: Plane | str | None = None) -> Map | None:
        """Share of masked images whose tumour covers each pixel, 0 to 1; None without masks."""
        parts = [
            (self.mask_count(label, p), self.arrays[f"atlas/{label}/{p}"])
            for p in ([Plane(plane)] if plane else Plane)
            if self.mask_count(label, p)
        ]
        if not parts:
            return None
        total = sum(n for n, _ in parts)
        return np.asarray(sum(share * np.float32(n / total) for n, share in parts), np.float32)

    def histogram(self, label: TumorClass | str) -> Map:
        """Share of pixels at each of 256 grey levels, averaged over the images of a class; sums to 1."""
        return self.arrays[f"histogram/{label}"]

    @functools.cached_property
    def _cache(self) -> dict[tuple[str, str | None], tuple[Map, Map]]:
        return {}

    def _pool_planes(self, label: str, plane: str | None) -> tuple[Map, Map]:
        """Average and variability of a plane, or of all planes together by the law of total variance."""
        if (label, plane) not in self._cache:
            planes = [plane] if plane else [str(p) for p in self.planes(label)]
            weights = [self.image_count(label, p) for p in planes]
            if sum(weights) == 0:
                raise DatasetError(f"The set has no {plane or ''} images of {label}.".replace("  ", " "))
            means = [self.arrays[f"average/{label}/{p}"].astype(np.float64) for p in planes]
            deviations = [self.arrays[f"variability/{label}/{p}"].astype(np.float64) for p in planes]
            mean = np.average(means, axis=0, weights=weights)
            within = np.average(np.square(deviations), axis=0, weights=weights)
            between = np.average([(m - mean) ** 2 for m in means], axis=0, weights=weights)
            self._cache[label, plane] = (mean.astype(np.float32), np.sqrt(within + between).astype(np.float32))
        return self._cache[label, plane]


def load_statistics(path: Path | None = None) -> Statistics:
    """Read the statistics; from `outputs/dataset/statistics.npz` by default.

    Raises
    ------
    DatasetError
        There are none yet, or the file is damaged.
    """
    path = path or get_settings().dataset_outputs / STATISTICS_FILE
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in stored.files}
        meta = Meta(**json.loads(str(arrays.pop("meta"))))
    except FileNotFoundError:
        raise DatasetError("There are no statistics yet. Compute them with: braintumor explore") from None
    except Exception as error:  # numpy raises zipfile's, zlib's and its own errors on a damaged file
        raise DatasetError(f"{path.name} cannot be read ({error}). Compute it anew with: braintumor explore") from error
    return Statistics(meta, arrays)


def to_npz(meta: Meta, arrays: dict[str, NDArray]) -> bytes:
    """The content of the file: maps rounded to their steps and compressed, the same bytes for the same numbers."""
    stream = io.BytesIO()
    rounded = {key: _quantize(key, arrays[key]) for key in sorted(arrays)}
    text = np.array(json.dumps(asdict(meta), sort_keys=True))
    np.savez_compressed(stream, allow_pickle=False, meta=text, **rounded)
    return stream.getvalue()


_QUANTIZATION_STEPS: Final = {"average": 2.0**-14, "variability": 2.0**-14, "atlas": 2.0**-10, "effect": 2.0**-6}


def _quantize(key: str, values: NDArray) -> NDArray:
    step = _QUANTIZATION_STEPS.get(key.partition("/")[0])
    return values if step is None else (np.rint(values / step) * step).astype(np.float32)


def _sum_counts(counts_by_label: dict[str, dict[str, int]], label: TumorClass | str, plane: Plane | str | None) -> int:
    counts = counts_by_label.get(str(label), {})
    return sum(counts.values()) if plane is None else counts.get(str(plane), 0)
