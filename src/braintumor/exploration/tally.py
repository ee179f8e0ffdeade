"""Tally: everything the exploration keeps while images stream by; tallies of shards merge into one."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from braintumor.exploration.observe import Observation, frame_rows
from braintumor.exploration.statistics import ALL
from braintumor.exploration.welford import ByteSums, Moments

Stratum = tuple[str, str]  # label and plane


@dataclass(slots=True)
class Tally:
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
    facts: list[dict[str, Any]] = field(default_factory=list)
    tumours: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, groups: Iterable[list[Observation]]) -> Self:
        """The tally of some groups, each given as all its images that carry one label."""
        tally = cls()
        sums: dict[str, dict[Stratum, ByteSums]] = {"pixels": {}, "masks": {}}
        for observations in groups:
            tally._add_group(observations, sums)
        for name, table in sums.items():
            getattr(tally, name).update({stratum: part.moments() for stratum, part in table.items()})
        return tally

    def _add_group(self, observations: list[Observation], sums: dict[str, dict[Stratum, ByteSums]]) -> None:
        label = observations[0].task.label
        shape = observations[0].frame.shape
        whole = np.zeros(shape, np.uint32)
        for plane in sorted({o.task.plane for o in observations}):
            here = [o for o in observations if o.task.plane == plane]
            part = ByteSums.of([o.frame for o in here])
            whole += part.total
            _of(self.groups, (label, plane), shape).add(part.mean)
            _gather(sums["pixels"], (label, plane), part)
            masks = [o.mask.view(np.uint8) for o in here if o.mask is not None]
            if masks:
                _gather(sums["masks"], (label, plane), ByteSums.of(masks))
        _of(self.groups, (label, ALL), shape).add(whole / len(observations))
        histograms = [o.histogram for o in observations if o.histogram is not None]
        if histograms:
            _of(self.histograms, (label, ALL), (256,)).add_all(np.stack(histograms))
        facts, tumours = frame_rows(observations)
        self.facts += facts
        self.tumours += tumours

    def merge(self, other: "Tally") -> None:
        """Take in another tally, of other groups; merging in a fixed order gives the same bits every time."""
        for name in _TABLES:
            mine: dict[Stratum, Moments] = getattr(self, name)
            for stratum, moments in getattr(other, name).items():
                _of(mine, stratum, moments.mean.shape).merge(moments)
        self.facts += other.facts
        self.tumours += other.tumours

    def save(self, path: Path, note: dict[str, Any]) -> None:
        """Write an npz file, exactly and whole or not at all, with a note to recognise it by."""
        arrays: dict[str, NDArray] = {}
        for name in _TABLES:
            for (label, plane), moments in getattr(self, name).items():
                arrays[f"{name}/{label}/{plane}/mean"] = moments.mean
                arrays[f"{name}/{label}/{plane}/m2"] = moments.m2
                arrays[f"{name}/{label}/{plane}/count"] = np.array(moments.count)
        rows = json.dumps({"note": note, "facts": self.facts, "tumours": self.tumours}).encode()
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
        tally.facts, tally.tumours = rows["facts"], rows["tumours"]
        return tally, rows["note"]


_TABLES = ("pixels", "groups", "masks", "histograms")


def _of(table: dict[Stratum, Moments], stratum: Stratum, shape: tuple[int, ...]) -> Moments:
    if stratum not in table:
        table[stratum] = Moments.empty(shape)
    return table[stratum]


def _gather(table: dict[Stratum, ByteSums], stratum: Stratum, part: ByteSums) -> None:
    if stratum in table:
        table[stratum].merge(part)
    else:
        table[stratum] = part
