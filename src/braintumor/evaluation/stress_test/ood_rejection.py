"""Rejection: how other images and scans of low resolution are read, and how many scans are lost."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from braintumor.datasets.ct_slices import find_ct_slices
from braintumor.enums import Verdict
from braintumor.errors import ScanError
from braintumor.evaluation.metrics.bootstrap import MetricEntry, bootstrap_ci, mean_with_ci
from braintumor.evaluation.metrics.classification import roc_pr_auc
from braintumor.evaluation.stress_test.context import (
    TUMOR_FREE,
    TUMORS,
    CheckResult,
    NotMeasurableError,
    StressTestContext,
    sample_test_scans,
)
from braintumor.imaging.file_format import IMAGE_SUFFIXES
from braintumor.results.rejection import IN_DISTRIBUTION

OOD_FOLDER: Final = "not-brain-mri"
_ROC_POINTS: Final = 200
_LOW_RESOLUTIONS: Final = (64, 96, 128)  # pixels of the longer side


def measure_ood_rejection(context: StressTestContext) -> CheckResult:
    """Read the images of each folder of `inputs/not-brain-mri` as they are served, and test scans.

    Metrics: `roc_auc` of the out-of-distribution score against test scans, for all folders together and
    `@kind:<folder>`; `rejected` and `uncertain`, the shares of verdicts, by `@kind:<folder>`, `@kind:brain MRI` for the
    test scans without head CT, and `@resolution:<pixels>` for a sample of test scans that are reduced to this size.

    Raises
    ------
    NotMeasurableError
        The model has no out-of-distribution score, or there are no other images.
    """
    if context.card.ood is None:
        raise NotMeasurableError("This model has no out-of-distribution score.")
    folder = context.settings.inputs / OOD_FOLDER
    subfolders = sorted(path for path in folder.glob("*") if path.is_dir()) if folder.is_dir() else []
    others = [_read_folder(context, path) for path in subfolders]
    if not any(map(len, others)):
        raise NotMeasurableError(f"inputs/{OOD_FOLDER} with one folder per kind of image is missing or empty.")
    result = score_ood(pd.concat([_test_pictures(context), *others], ignore_index=True), context.replicates)
    result.metrics.update(_measure_low_resolutions(context))
    return result


def _test_pictures(context: StressTestContext) -> pd.DataFrame:
    predictions = context.test_predictions
    scores = context.detector.ood_scores(predictions.outputs, context.data.model_inputs[context.test_rows])
    columns = {
        "score": [score.score if score else np.nan for score in scores],
        "verdict": predictions.verdicts,
        "group": predictions.groups,
    }
    is_ct = find_ct_slices(predictions.manifest, context.settings)
    return pd.DataFrame(columns).assign(kind=IN_DISTRIBUTION)[~is_ct]


def _read_folder(context: StressTestContext, folder: Path) -> pd.DataFrame:
    rows = []
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES):
        try:
            detection = context.detector.detect(path)
        except ScanError:
            continue
        rows.append((folder.name, detection.ood_score, detection.verdict, f"other {path}"))
    return pd.DataFrame(rows, columns=["kind", "score", "verdict", "group"])


def score_ood(pictures: pd.DataFrame, replicates: int) -> CheckResult:
    """Score the verdicts on pictures, and their out-of-distribution scores.

    Parameters
    ----------
    pictures : DataFrame
        Columns `kind` (`brain MRI`, or that of other images), `score` (0 to 1), `verdict` and `group`.
    """
    kind, score = pictures["kind"].to_numpy(object), pictures["score"].to_numpy(np.float64)
    kinds = list(dict.fromkeys(kind))
    groups, strata = pictures["group"].to_numpy(object), np.array([kinds.index(name) for name in kind], np.int64)
    is_ood = kind != IN_DISTRIBUTION
    included = {f"roc_auc@kind:{name}": (kind == name) | ~is_ood for name in kinds if name != IN_DISTRIBUTION}

    def roc_aucs(weights: NDArray[np.float64]) -> dict[str, float]:
        metrics = {"roc_auc": roc_pr_auc(is_ood, score, weights)[0]}
        for name, used in included.items():
            metrics[name] = roc_pr_auc(is_ood[used], score[used], weights[used])[0]
        return metrics

    columns = {
        f"{name}@kind:{each}": np.where(kind == each, flags, np.nan)
        for name, flags in _verdict_flags(pictures["verdict"].tolist()).items()
        for each in kinds
    }
    metrics = bootstrap_ci(roc_aucs, included, groups, strata, replicates)
    metrics |= mean_with_ci(columns, groups, strata, replicates)
    counts = {name: int((kind == name).sum()) for name in kinds}
    return CheckResult(metrics, {"roc": _roc_curve(is_ood, score)}, {"pictures": counts})


def _verdict_flags(verdicts: Sequence[Verdict]) -> dict[str, NDArray[np.float64]]:
    counted = {"rejected": Verdict.NOT_BRAIN_MRI, "uncertain": Verdict.UNCERTAIN}
    return {name: np.array([each == verdict for each in verdicts], float) for name, verdict in counted.items()}


def _measure_low_resolutions(context: StressTestContext) -> dict[str, MetricEntry]:
    sample = sample_test_scans(context, TUMORS, TUMOR_FREE)
    metrics: dict[str, MetricEntry] = {}
    for side in _LOW_RESOLUTIONS:
        pictures = [_reduce(scan.to_uint8(), side) for scan in sample.scans]
        flags = _verdict_flags([context.detector.detect(picture).verdict for picture in pictures])
        columns = {f"{name}@resolution:{side}": values for name, values in flags.items()}
        metrics |= mean_with_ci(columns, sample.groups, sample.labels, context.replicates)
    return metrics


def _reduce(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Reduce a picture to so many pixels on its longer side; a smaller one stays as it is."""
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.BOX)
    return np.asarray(image)


def _roc_curve(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> dict[str, list[float]]:
    """Compute the share of other images and of scans at or beyond each score."""
    limits = np.append(np.inf, np.quantile(score, np.linspace(1, 0, _ROC_POINTS)))
    return {
        "false_alarms": [round(float((score[~truth] >= limit).mean()), 5) for limit in limits],
        "found": [round(float((score[truth] >= limit).mean()), 5) for limit in limits],
    }
