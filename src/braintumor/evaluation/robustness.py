"""Robustness: what is left of the scores when scans are disturbed on their way to the model."""

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from braintumor.dataset.alignment import load_mask
from braintumor.evaluation.answered import answered
from braintumor.evaluation.disturbances import DISTURBANCES, Disturbance
from braintumor.evaluation.entries import Entry, means
from braintumor.evaluation.localization import localization
from braintumor.evaluation.subject import Findings, Subject
from braintumor.imaging import read_scan, standardize
from braintumor.imaging.scan import Scan

SCANS: Final = 300
SEED: Final = 0
_SHOWN: Final = ("accuracy", "tumor_sensitivity", "tumor_specificity", "dice")


def measure_robustness(subject: Subject, scans: int = SCANS) -> Findings:
    """Accuracy, tumour sensitivity, tumour specificity and Dice under every disturbance at every strength.

    Scans are disturbed as files are, on their own pixels, and standardized as any upload. Metrics are named
    `accuracy@noise:3` for the third strength; `accuracy` alone is of the same scans left as they are. A curve per
    disturbance has the strengths and the values.
    """
    rows = subject.test_rows[dealt(subject.test.groups, scans, SEED)]
    pictures = [_Picture.read(subject, int(row)) for row in tqdm(rows, desc="robustness: read", disable=None)]
    groups = subject.data.manifest["group"].to_numpy(object)[rows]
    labels = subject.data.labels[rows]

    def measured(kind: Disturbance | None, strength: float) -> dict[str, Entry]:
        frames, masks = zip(*(picture.disturbed(subject, kind, strength) for picture in pictures), strict=True)
        outputs, probabilities, _ = subject.say(np.stack(frames))
        columns = answered(labels, probabilities, subject.card.decision)
        columns |= localization(replace(outputs, maps=None), np.stack(masks), labels)
        return means({n: columns[n] for n in _SHOWN if n in columns}, groups, labels, subject.replicates)

    plain = measured(None, 0.0)
    metrics, curves = dict(plain), {}
    for name, kind in tqdm(DISTURBANCES.items(), desc="robustness", disable=None):
        steps = [measured(kind, strength) for strength in kind.strengths]
        for number, step in enumerate(steps, start=1):
            metrics |= {f"{metric}@{name}:{number}": entry for metric, entry in step.items()}
        curves[name] = {"strength": [None, *kind.strengths], **_values([plain, *steps])}
    facts = {"units": {name: kind.unit for name, kind in DISTURBANCES.items()}, "scans": len(rows), "seed": SEED}
    return Findings(metrics, curves, facts)


def dealt(groups: NDArray[np.object_], count: int, seed: int) -> NDArray[np.int64]:
    """At most `count` scans, one of each group in turn until there are enough; sorted row numbers."""
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(groups))
    seen: dict[object, int] = {}
    turn = np.zeros(len(groups), int)
    for row in order:
        turn[row] = seen[groups[row]] = seen.get(groups[row], -1) + 1
    return np.sort(order[np.argsort(turn[order], kind="stable")][:count])


class _Picture:
    """A scan's own pixels and outline, to be disturbed again and again."""

    def __init__(self, scan: Scan, mask: NDArray[np.bool_] | None, row: int) -> None:
        self.scan, self.mask, self.row = scan, mask, row

    @classmethod
    def read(cls, subject: Subject, row: int) -> "_Picture":
        entry = {str(name): value for name, value in subject.data.manifest.iloc[row].items()}
        scan = read_scan(subject.path_of(row), settings=subject.settings)
        return cls(scan, load_mask(entry, subject.settings), row)

    def disturbed(
        self, subject: Subject, kind: Disturbance | None, strength: float
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Frame and outline on it."""
        generator = np.random.default_rng([SEED, self.row])
        pixels = self.scan.to_uint8()
        changed = pixels if kind is None else kind.change(pixels, strength, generator)
        frame, geometry = standardize(replace(self.scan, values=changed), subject.card.contract)
        if self.mask is None:
            return frame, np.zeros(frame.shape, np.uint8)
        mask = self.mask if kind is None else kind.outline(self.mask, strength)
        return frame, geometry.mask_to_frame(mask).astype(np.uint8)


def _values(steps: list[dict[str, Entry]]) -> dict[str, list[Any]]:
    """Value, low and high of each metric as columns over the steps."""
    return {
        name if part == "value" else f"{name}_{part}": [step[name][part] for step in steps if name in step]
        for name in _SHOWN
        if all(name in step for step in steps)
        for part in ("value", "low", "high")
    }
