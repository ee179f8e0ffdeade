"""Out-of-distribution rejection: how well other images are separated from test scans, and how many scans are lost."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.evaluation.metrics.bootstrap import bootstrap_ci, mean_with_ci
from braintumor.evaluation.metrics.classification import roc_pr_auc
from braintumor.evaluation.stress_test.context import CheckResult, NotMeasurableError, StressTestContext
from braintumor.inference.decision import OODScore

OOD_FOLDER: Final = "not-brain-mri"
# Name of the test scans among the folders of other images.
IN_DISTRIBUTION: Final = "brain MRI"
_IMAGE_SUFFIXES: Final = (".jpg", ".jpeg", ".png")
_ROC_POINTS: Final = 200


def measure_ood_rejection(context: StressTestContext) -> CheckResult:
    """Compare the out-of-distribution distances of test scans with those of each folder of `inputs/not-brain-mri`.

    Metrics: `roc_auc` of the distance, for all folders together and `@kind:<folder>`; `refused` and `odd` (unusual or
    rejected) by `@kind:<folder>`, and `@kind:brain MRI` for the test scans.

    Raises
    ------
    NotMeasurableError
        The model has no out-of-distribution score, or there are no other images.
    """
    test_scores = context.detector.ood_scores(
        context.test_predictions.outputs, context.data.model_inputs[context.test_rows]
    )
    if not test_scores or test_scores[0] is None:
        raise NotMeasurableError("This model has no out-of-distribution score.")
    folder = context.settings.inputs / OOD_FOLDER
    subfolders = sorted(path for path in folder.glob("*") if path.is_dir()) if folder.is_dir() else []
    scores = {path.name: _score_folder(context, path) for path in subfolders}
    scores = {name: folder_scores for name, folder_scores in scores.items() if folder_scores}
    if not scores:
        raise NotMeasurableError(f"inputs/{OOD_FOLDER} with one folder per kind of image is missing or empty.")
    in_distribution = [score for score in test_scores if score]
    return score_ood(in_distribution, scores, context.test_predictions.groups, context.replicates)


def _score_folder(context: StressTestContext, folder: Path) -> list[OODScore]:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _IMAGE_SUFFIXES)
    model_inputs, _ = context.load_inputs(paths)
    if not len(model_inputs):
        return []
    scores = context.detector.ood_scores(context.detector.infer_all(model_inputs), model_inputs)
    return [score for score in scores if score is not None]


def score_ood(
    in_distribution: list[OODScore],
    out_of_distribution: dict[str, list[OODScore]],
    groups: NDArray[np.object_],
    replicates: int,
) -> CheckResult:
    """Score test scans, with their groups, against other images by kind, each image its own group."""
    kinds = (IN_DISTRIBUTION, *out_of_distribution)
    scores = [*in_distribution, *(score for scores in out_of_distribution.values() for score in scores)]
    kind = np.repeat(np.array(kinds, object), [len(in_distribution), *map(len, out_of_distribution.values())])
    distance = np.array([score.distance for score in scores])
    other_groups = np.array([f"foreign {i}" for i in range(len(scores) - len(in_distribution))], object)
    all_groups = np.concatenate([groups, other_groups])
    strata = np.array([kinds.index(name) for name in kind], np.int64)
    is_ood = kind != IN_DISTRIBUTION

    def roc_aucs(weights: NDArray[np.float64]) -> dict[str, float]:
        metrics = {"roc_auc": roc_pr_auc(is_ood, distance, weights)[0]}
        for name in out_of_distribution:
            used = (kind == name) | ~is_ood
            metrics[f"roc_auc@kind:{name}"] = roc_pr_auc(is_ood[used], distance[used], weights[used])[0]
        return metrics

    flags = {
        "refused": np.array([score.is_rejected for score in scores], float),
        "odd": np.array([score.is_unusual for score in scores], float),
    }
    columns = {
        f"{metric}@kind:{name}": np.where(kind == name, values, np.nan)
        for metric, values in flags.items()
        for name in kinds
    }
    included = {f"roc_auc@kind:{name}": (kind == name) | ~is_ood for name in out_of_distribution}
    metrics = bootstrap_ci(roc_aucs, included, all_groups, strata, replicates)
    metrics |= mean_with_ci(columns, all_groups, strata, replicates)
    counts = {name: int((kind == name).sum()) for name in kinds}
    limits = {"odd_from": in_distribution[0].unusual_at, "refused_from": in_distribution[0].reject_at}
    return CheckResult(metrics, {"roc": _roc_curve(is_ood, distance)}, {"pictures": counts, **limits})


def _roc_curve(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> dict[str, list[float]]:
    """Compute the share of other images and of scans at or beyond each distance."""
    limits = np.append(np.inf, np.quantile(score, np.linspace(1, 0, _ROC_POINTS)))
    return {
        "false_alarms": [round(float((score[~truth] >= limit).mean()), 5) for limit in limits],
        "found": [round(float((score[truth] >= limit).mean()), 5) for limit in limits],
    }
