"""Tally: everything the exploration keeps while images stream by; tallies of shards merge into one."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from braintumor.exploration.accumulators import ByteSums, ImageRecord, Moments, collect_rows
from braintumor.exploration.statistics import ALL_PLANES

Stratum = tuple[str, str]  # label and plane


@dataclass(slots=True)
class StatisticsAccumulator:
    """Running moments by label and plane, in grey levels 0 to 255, and rows of facts.

    Attributes
    ----------
    pixels : dict of (label, plane) to Moments
        Over images.
    groups : dict of (label, plane or "all") to Moments
        Over groups: each group counts once, by the mean of its images.
    masks : dict of (label, plane) to Moments
        Over tumour masks, a pixel being 0 or 1.
    histograms : dict of (label, "all") to Moments
        Over the images' histograms.
    facts, tumours : list of dict
        Rows of the tables.
    """

    pixels: dict[Stratum, Moments] = field(default_factory=dict)
    groups: dict[Stratum, Moments] = field(default_factory=dict)
    masks: dict[Stratum, Moments] = field(default_factory=dict)
    histograms: dict[Stratum, Moments] = field(default_factory=dict)
    feature_rows: list[dict[str, Any]] = field(default_factory=list)
    tumor_rows: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def from_groups(cls, groups: Iterable[list[ImageRecord]]) -> Self:
        """The tally of some groups, each given as all its images that carry one label."""
        tally = cls()
        sums: dict[str, dict[Stratum, ByteSums]] = {"pixels": {}, "masks": {}}
        for observations in groups:
            tally._add_group(observations, sums)
        for name, table in sums.items():
            getattr(tally, name).update({stratum: part.to_moments() for stratum, part in table.items()})
        return tally

    def _add_group(self, records: list[ImageRecord], sums: dict[str, dict[Stratum, ByteSums]]) -> None:
        label = records[0].task.label
        shape = records[0].pixels.shape
        whole = np.zeros(shape, np.uint32)
        for plane in sorted({o.task.plane for o in records}):
            here = [o for o in records if o.task.plane == plane]
            part = ByteSums.from_arrays([o.pixels for o in here])
            whole += part.total
            _get_moments(self.groups, (label, plane), shape).add(part.mean)
            _add_sums(sums["pixels"], (label, plane), part)
            masks = [o.mask.view(np.uint8) for o in here if o.mask is not None]
            if masks:
                _add_sums(sums["masks"], (label, plane), ByteSums.from_arrays(masks))
        _get_moments(self.groups, (label, ALL_PLANES), shape).add(whole / len(records))
        histograms = [o.histogram for o in records if o.histogram is not None]
        if histograms:
            _get_moments(self.histograms, (label, ALL_PLANES), (256,)).add_batch(np.stack(histograms))
        facts, tumours = collect_rows(records)
        self.feature_rows += facts
        self.tumor_rows += tumours

    def merge(self, other: "StatisticsAccumulator") -> None:
        """Take in another tally, of other groups; merging in a fixed order gives the same bits every time."""
        for name in _MOMENT_FIELDS:
            mine: dict[Stratum, Moments] = getattr(self, name)
            for stratum, moments in getattr(other, name).items():
                _get_moments(mine, stratum, moments.mean.shape).merge(moments)
        self.feature_rows += other.feature_rows
        self.tumor_rows += other.tumor_rows

    def save(self, path: Path, note: dict[str, Any]) -> None:
        """Write an npz file, exactly and whole or not at all, with a note to recognise it by."""
        arrays: dict[str, NDArray] = {}
        for name in _MOMENT_FIELDS:
            for (label, plane), moments in getattr(self, name).items():
                arrays[f"{name}/{label}/{plane}/mean"] = moments.mean
                arrays[f"{name}/{label}/{plane}/m2"] = moments.m2
                arrays[f"{name}/{label}/{plane}/count"] = np.array(moments.count)
        rows = json.dumps({"note": note, "facts": self.feature_rows, "tumours": self.tumor_rows}).encode()
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        with part.open("wb") as file:  # not by way of memory: this is the largest thing the pass holds
            np.savez(file, allow_pickle=False, rows=np.frombuffer(rows, np.uint8), **arrays)
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> tuple[Self, dict[str, Any]]:
        """The tally and the note that `save` wrote."""
        tally = cls()
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            rows = json.loads(stored["rows"].tobytes())
            for key in stored.files:
                if key.endswith("/count"):
                    name, label, plane, _ = key.split("/")
                    stem = key.removesuffix("count")
                    moments = Moments(int(stored[key]), stored[f"{stem}mean"], stored[f"{stem}m2"])
                    getattr(tally, name)[label, plane] = moments
        tally.feature_rows, tally.tumor_rows = rows["facts"], rows["tumours"]
        return tally, rows["note"]


_MOMENT_FIELDS = ("pixels", "groups", "masks", "histograms")


def _get_moments(moments_by_stratum: dict[Stratum, Moments], stratum: Stratum, shape: tuple[int, ...]) -> Moments:
    if stratum not in moments_by_stratum:
        moments_by_stratum[stratum] = Moments.empty(shape)
    return moments_by_stratum[stratum]


def _add_sums(sums_by_stratum: dict[Stratum, ByteSums], stratum: Stratum, part: ByteSums) -> None:
    if stratum in sums_by_stratum:
        sums_by_stratum[stratum].merge(part)
    else:
        sums_by_stratum[stratum] = part
