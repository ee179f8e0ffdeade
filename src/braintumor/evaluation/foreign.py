"""Novelty: how well pictures that are no brain MRI are told from held-out scans, and how many scans it costs."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.evaluation.entries import means, with_intervals
from braintumor.evaluation.metrics import areas
from braintumor.evaluation.subject import Findings, NotMeasurableError, Subject
from braintumor.inference.verdict import Strangeness

FOLDER: Final = "not-brain-mri"
# How the scans of the test split are called beside the folders of foreign pictures.
OWN: Final = "brain MRI"
_SUFFIXES: Final = (".jpg", ".jpeg", ".png")
_POINTS: Final = 200


def measure_novelty(subject: Subject) -> Findings:
    """Distances of the test scans against those of every folder of `inputs/not-brain-mri`.

    Metrics: `roc_auc` of the distance, all folders together and `@kind:<folder>`; `refused` and `odd` (odd or
    refused) by `@kind:<folder>` and, for the test scans, `@kind:brain MRI`.

    Raises
    ------
    NotMeasurableError
        The version does not measure novelty, or there are no foreign pictures.
    """
    own = subject.detector.strangeness(subject.test.outputs, subject.data.frames[subject.test_rows])
    if not own or own[0] is None:
        raise NotMeasurableError("This version does not measure novelty.")
    folder = subject.settings.inputs / FOLDER
    kinds = sorted(path for path in folder.glob("*") if path.is_dir()) if folder.is_dir() else []
    found = {path.name: _distances(subject, path) for path in kinds}
    found = {name: strange for name, strange in found.items() if strange}
    if not found:
        raise NotMeasurableError(f"There are no foreign pictures: inputs/{FOLDER} with a folder a kind is absent.")
    return compare([one for one in own if one], found, subject.test.groups, subject.replicates)


def _distances(subject: Subject, folder: Path) -> list[Strangeness]:
    frames, _ = subject.frames_of(sorted(p for p in folder.iterdir() if p.suffix.lower() in _SUFFIXES))
    found = subject.detector.strangeness(subject.detector.infer_all(frames), frames) if len(frames) else []
    return [one for one in found if one is not None]


def compare(
    own: list[Strangeness], foreign: dict[str, list[Strangeness]], groups: NDArray[np.object_], replicates: int
) -> Findings:
    """Findings on held-out scans, with their groups, and foreign pictures by kind, each its own group."""
    everything = [(OWN, one) for one in own] + [(kind, one) for kind, ones in foreign.items() for one in ones]
    kind = np.array([name for name, _ in everything], object)
    distance = np.array([one.distance for _, one in everything])
    refused, odd = (np.array([getattr(one, name) for _, one in everything], float) for name in ("refused", "odd"))
    apart = np.array([f"foreign {i}" for i in range(len(kind) - len(own))], object)
    member = np.concatenate([groups, apart])
    strata = np.array([[OWN, *foreign].index(name) for name in kind], np.int64)
    is_foreign = kind != OWN

    def measure(weights: NDArray[np.float64]) -> dict[str, float]:
        found = {"roc_auc": areas(is_foreign, distance, weights)[0]}
        for name in foreign:
            used = (kind == name) | ~is_foreign
            found[f"roc_auc@kind:{name}"] = areas(is_foreign[used], distance[used], weights[used])[0]
        return found

    columns = {
        f"{what}@kind:{name}": np.where(kind == name, values, np.nan)
        for what, values in (("refused", refused), ("odd", odd))
        for name in (OWN, *foreign)
    }
    counted = {f"roc_auc@kind:{name}": (kind == name) | ~is_foreign for name in foreign}
    metrics = with_intervals(measure, counted, member, strata, replicates)
    metrics |= means(columns, member, strata, replicates)
    counts = {name: int((kind == name).sum()) for name in (OWN, *foreign)}
    limits = {"odd_from": own[0].odd_from, "refused_from": own[0].refused_from}
    return Findings(metrics, {"roc": _roc(is_foreign, distance)}, {"pictures": counts, **limits})


def _roc(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> dict[str, list[float]]:
    """Share of foreign pictures and of scans at or beyond each distance."""
    limits = np.append(np.inf, np.quantile(score, np.linspace(1, 0, _POINTS)))
    rates = [(float((score[~truth] >= limit).mean()), float((score[truth] >= limit).mean())) for limit in limits]
    return {"false_alarms": [round(a, 5) for a, _ in rates], "found": [round(b, 5) for _, b in rates]}
