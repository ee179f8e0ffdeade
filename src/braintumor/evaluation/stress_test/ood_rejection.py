"""Novelty: how well pictures that are no brain MRI are told from held-out scans, and how many scans it costs."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.evaluation.metrics.bootstrap import bootstrap_ci, mean_with_ci
from braintumor.evaluation.metrics.classification import roc_pr_auc
from braintumor.evaluation.stress_test.context import CheckResult, NotMeasurableError, StressTestContext
from braintumor.inference.decision import OODScore

OOD_FOLDER: Final = "not-brain-mri"
# How the scans of the test split are called beside the folders of foreign pictures.
IN_DISTRIBUTION: Final = "brain MRI"
_IMAGE_SUFFIXES: Final = (".jpg", ".jpeg", ".png")
_ROC_POINTS: Final = 200


def measure_ood_rejection(context: StressTestContext) -> CheckResult:
    """Distances of the test scans against those of every folder of `inputs/not-brain-mri`.

    Metrics: `roc_auc` of the distance, all folders together and `@kind:<folder>`; `refused` and `odd` (odd or
    refused) by `@kind:<folder>` and, for the test scans, `@kind:brain MRI`.

    Raises
    ------
    NotMeasurableError
        The version does not measure novelty, or there are no foreign pictures.
    """
    own = context.detector.ood_scores(context.test_predictions.outputs, context.data.model_inputs[context.test_rows])
    if not own or own[0] is None:
        raise NotMeasurableError("This version does not measure novelty.")
    folder = context.settings.inputs / OOD_FOLDER
    kinds = sorted(path for path in folder.glob("*") if path.is_dir()) if folder.is_dir() else []
    found = {path.name: _score_folder(context, path) for path in kinds}
    found = {name: strange for name, strange in found.items() if strange}
    if not found:
        raise NotMeasurableError(f"There are no foreign pictures: inputs/{OOD_FOLDER} with a folder a kind is absent.")
    return score_ood([one for one in own if one], found, context.test_predictions.groups, context.replicates)


def _score_folder(context: StressTestContext, folder: Path) -> list[OODScore]:
    frames, _ = context.load_inputs(sorted(p for p in folder.iterdir() if p.suffix.lower() in _IMAGE_SUFFIXES))
    found = context.detector.ood_scores(context.detector.infer_all(frames), frames) if len(frames) else []
    return [one for one in found if one is not None]


def score_ood(
    in_distribution: list[OODScore],
    out_of_distribution: dict[str, list[OODScore]],
    groups: NDArray[np.object_],
    replicates: int,
) -> CheckResult:
    """Findings on held-out scans, with their groups, and foreign pictures by kind, each its own group."""
    everything = [(IN_DISTRIBUTION, one) for one in in_distribution] + [
        (kind, one) for kind, ones in out_of_distribution.items() for one in ones
    ]
    kind = np.array([name for name, _ in everything], object)
    distance = np.array([one.distance for _, one in everything])
    refused, odd = (
        np.array([getattr(one, name) for _, one in everything], float) for name in ("is_rejected", "is_unusual")
    )
    apart = np.array([f"foreign {i}" for i in range(len(kind) - len(in_distribution))], object)
    member = np.concatenate([groups, apart])
    strata = np.array([[IN_DISTRIBUTION, *out_of_distribution].index(name) for name in kind], np.int64)
    is_foreign = kind != IN_DISTRIBUTION

    def measure(weights: NDArray[np.float64]) -> dict[str, float]:
        found = {"roc_auc": roc_pr_auc(is_foreign, distance, weights)[0]}
        for name in out_of_distribution:
            used = (kind == name) | ~is_foreign
            found[f"roc_auc@kind:{name}"] = roc_pr_auc(is_foreign[used], distance[used], weights[used])[0]
        return found

    columns = {
        f"{what}@kind:{name}": np.where(kind == name, values, np.nan)
        for what, values in (("refused", refused), ("odd", odd))
        for name in (IN_DISTRIBUTION, *out_of_distribution)
    }
    counted = {f"roc_auc@kind:{name}": (kind == name) | ~is_foreign for name in out_of_distribution}
    metrics = bootstrap_ci(measure, counted, member, strata, replicates)
    metrics |= mean_with_ci(columns, member, strata, replicates)
    counts = {name: int((kind == name).sum()) for name in (IN_DISTRIBUTION, *out_of_distribution)}
    limits = {"odd_from": in_distribution[0].unusual_at, "refused_from": in_distribution[0].reject_at}
    return CheckResult(metrics, {"roc": _roc_curve(is_foreign, distance)}, {"pictures": counts, **limits})


def _roc_curve(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> dict[str, list[float]]:
    """Share of foreign pictures and of scans at or beyond each distance."""
    limits = np.append(np.inf, np.quantile(score, np.linspace(1, 0, _ROC_POINTS)))
    rates = [(float((score[~truth] >= limit).mean()), float((score[truth] >= limit).mean())) for limit in limits]
    return {"false_alarms": [round(a, 5) for a, _ in rates], "found": [round(b, 5) for _, b in rates]}
