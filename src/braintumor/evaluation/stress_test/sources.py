"""Other sources: false alarms, tumours, prediction sets and calibration on slices that a version did not learn from."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from braintumor.datasets.external.manifest import read_external_manifest
from braintumor.datasets.external.sets import EXTERNAL_COMMAND, EXTERNAL_SETS, allows_licence, external_folder
from braintumor.datasets.external.volume_slices import OUTSIDE, is_stripped_copy
from braintumor.enums import CLASS_NAMES, OTHER_LESION_LABEL, Split, TumorClass, Verdict
from braintumor.errors import DatasetError
from braintumor.evaluation.metrics.binary import binary_calibration_error
from braintumor.evaluation.metrics.bootstrap import (
    MetricEntry,
    bootstrap_ci,
    by_subgroup,
    mean_with_ci,
    subgroup_masks,
)
from braintumor.evaluation.metrics.selective import is_in_set
from braintumor.evaluation.metrics.within_patient import compare_within_patients
from braintumor.evaluation.stress_test.context import CheckResult, NotMeasurableError, StressTestContext
from braintumor.models.recipe import Recipe

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Fewest slices for a metric of one source and one plane or contrast.
_MIN_SLICES: Final = 10
_LEFT_OUT, _TRAINED = "left-out", "trained"
# Names of the rates of `_rates`.
_TUMOR_FREE_RATES: Final = (
    "predicted_tumor",
    "false_alarms",
    "rejected_tumor_free",
    "outside_field_tumor_free",
    "set_coverage_tumor_free",
)
_TUMOR_RATES: Final = ("tumor_sensitivity", "flagged", "rejected", "outside_field", "set_coverage")


def measure_sources(context: StressTestContext) -> CheckResult:
    """Read external slices as they are served; see `select_slices` for which, and `score_sources` for the metrics.

    Raises
    ------
    NotMeasurableError
        The manifest of the external sets or one of their images is missing.
    ScanError
        An image cannot be read.
    """
    return score_sources(read_external_slices(context), context.replicates)


def read_external_slices(context: StressTestContext) -> pd.DataFrame:
    """Read external slices as they are served, once for all checks.

    Returns
    -------
    DataFrame
        As from `select_slices`, with `tumor_probability`, `is_predicted_tumor` (bool), `verdict`, `is_class_in_set`
        (bool; see `is_in_set`) and `p_<class>`.

    Raises
    ------
    NotMeasurableError, ScanError
        As from `measure_sources`.
    """
    if context.external_slices is None:
        context.external_slices = _detect_slices(context)
    return context.external_slices


def _detect_slices(context: StressTestContext) -> pd.DataFrame:
    try:
        manifest = read_external_manifest(context.settings)
    except DatasetError as error:
        raise NotMeasurableError(str(error)) from error
    slices = select_slices(manifest, Recipe(**context.card.recipe))
    folder = external_folder(context.settings)
    missing = [path for path in slices["path"] if not (folder / path).is_file()]
    if missing:
        raise NotMeasurableError(
            f"{len(missing):,} external images are missing, such as {missing[0]}. Run: {EXTERNAL_COMMAND}"
        )
    rows = []
    labelled = zip(slices["path"], slices["label"], strict=True)
    for path, label in tqdm(labelled, total=len(slices), desc="sources", unit="img", disable=None):
        detection = context.detector.detect(folder / path)
        answer = detection.tumor_probability, detection.result.is_tumor, detection.verdict
        rows.append((*answer, is_in_set(label, detection.prediction_set), *detection.probabilities.values()))
    columns = ["tumor_probability", "is_predicted_tumor", "verdict", "is_class_in_set"]
    slices[[*columns, *(f"p_{name}" for name in CLASS_NAMES)]] = pd.DataFrame(rows, slices.index)
    return slices


def select_slices(manifest: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    """Select the external slices that a version neither learned from nor was selected on.

    Of the sources in its training set these are the test slices, of all others ("left out") all slices. Skull-stripped
    copies of slices are training material and are left out.

    Returns
    -------
    DataFrame
        Rows of the manifest with `is_left_out`.
    """
    is_trained = manifest["licence"].map(lambda licence: allows_licence(licence, recipe.licences)).astype(bool)
    is_trained &= (recipe.data == "all") & ~manifest["origin"].isin(recipe.holdout_sources)
    selected = ~is_trained | (manifest["split"] == str(Split.TEST))
    selected &= ~manifest["path"].map(is_stripped_copy).astype(bool)
    return manifest.assign(is_left_out=~is_trained)[selected].reset_index(drop=True)


def score_sources(slices: pd.DataFrame, replicates: int) -> CheckResult:
    """Score detections on external slices.

    Metrics of tumour-free slices: `predicted_tumor` (the most likely class is a tumour), `false_alarms` (verdict "tumor
    suspected"), `rejected_tumor_free` ("not a brain MRI"), `outside_field_tumor_free` and `set_coverage_tumor_free`
    (`is_class_in_set`). The same of slices without a tumour that do not count as tumour-free: `@label:other-lesion` and
    `@field:outside` the brain. Of tumours: `tumor_sensitivity` (the most likely class is a tumour), `flagged`,
    `rejected`, `outside_field` and `set_coverage`. All by source, plane, contrast, condition, and over
    `@sources:left-out` and `@sources:trained`. `roc_auc_within_patients` compares tumour with tumour-free slices of the
    same patient and contrast, `ece@sources:left-out` is the calibration error of the tumour probability. Metrics of a
    source and a plane or contrast, and those within patients, need at least ten slices.

    Intervals are over groups, drawn within each source. A slice of an unknown patient is a group of its own.

    Parameters
    ----------
    slices : DataFrame
        As from `read_external_slices`.
    """
    groups = slices["group"].where(slices["patient"] != "", slices["path"]).to_numpy(object)
    strata = _strata(slices)
    is_outside = (slices["field"] == OUTSIDE).to_numpy()
    is_other = (slices["label"] == OTHER_LESION_LABEL).to_numpy() & ~is_outside
    is_tumor_free = (slices["label"] == str(TumorClass.NOTUMOR)).to_numpy() & ~is_outside
    is_tumor = ~(is_tumor_free | is_other | is_outside)
    subgroups, combinations = _subgroups(slices)
    columns = _rates(slices, is_tumor, _TUMOR_RATES)
    columns |= _rates(slices, is_tumor_free)
    combined = {name: values for name, values in by_subgroup(columns, combinations).items() if _is_large(values)}
    others = _rates(slices, is_other, suffix=f"@label:{OTHER_LESION_LABEL}")
    others |= _rates(slices, is_outside, suffix=f"@field:{OUTSIDE}")
    metrics = mean_with_ci(by_subgroup(columns, subgroups) | combined | others, groups, strata, replicates)
    is_known = is_tumor | is_tumor_free
    metrics |= _within_patient_metrics(slices, is_tumor, is_tumor_free, subgroups | combinations, groups, replicates)
    metrics |= _calibration_metrics(slices[is_known], is_tumor[is_known], groups[is_known], replicates)
    return CheckResult(metrics, facts={"sources": _describe_sources(slices)})


def _rates(
    slices: pd.DataFrame,
    included: Flags,
    names: Sequence[str] = _TUMOR_FREE_RATES,
    suffix: str = "",
) -> dict[str, Floats]:
    """Mark slices by most likely class, verdict, and truth in the prediction set; NaN where not `included`."""
    verdict = slices["verdict"].to_numpy(object)
    flags = (
        slices["is_predicted_tumor"].to_numpy(bool),
        verdict == Verdict.TUMOR_SUSPECTED,
        verdict == Verdict.NOT_BRAIN_MRI,
        verdict == Verdict.OUTSIDE_FIELD,
        slices["is_class_in_set"].to_numpy(bool),
    )
    return {f"{name}{suffix}": np.where(included, flag, np.nan) for name, flag in zip(names, flags, strict=True)}


def _subgroups(slices: pd.DataFrame) -> tuple[dict[str, Flags], dict[str, Flags]]:
    """Select slices by each attribute, and by source with plane or contrast."""

    def masks(attribute: str, column: str) -> dict[str, Flags]:
        values = slices[column].to_numpy(object)
        return subgroup_masks(attribute, values, sorted(set(values) - {""}))

    sources, planes, contrasts = masks("source", "origin"), masks("plane", "plane"), masks("contrast", "contrast")
    kinds = np.where(slices["is_left_out"], _LEFT_OUT, _TRAINED).astype(object)
    combinations = {
        f"{source}{suffix}": in_source & selected
        for source, in_source in sources.items()
        for suffix, selected in (planes | contrasts).items()
    }
    subgroups = sources | planes | contrasts | masks("condition", "condition")
    return subgroups | subgroup_masks("sources", kinds, (_LEFT_OUT, _TRAINED)), combinations


def _is_large(values: Floats) -> bool:
    return int(np.count_nonzero(~np.isnan(values))) >= _MIN_SLICES


def _within_patient_metrics(
    slices: pd.DataFrame,
    is_tumor: Flags,
    is_tumor_free: Flags,
    subgroups: dict[str, Flags],
    groups: NDArray[np.object_],
    replicates: int,
) -> dict[str, MetricEntry]:
    """Compute the ROC area of the tumour probability within patients, and within the same contrast, by subgroup."""
    patients = slices["origin"] + "/" + slices["patient"] + "/" + slices["contrast"]
    patients = patients.where(slices["patient"] != "", "")
    score = slices["tumor_probability"].to_numpy(np.float64)
    higher, pairs = compare_within_patients(score, is_tumor, is_tumor_free, patients.to_numpy(object))
    used = pairs > 0
    columns = by_subgroup({"roc_auc_within_patients": higher}, subgroups)
    large = {name: values[used] for name, values in columns.items() if _is_large(values)}
    return mean_with_ci(large, groups[used], _strata(slices[used]), replicates, weights=pairs[used])


def _calibration_metrics(
    slices: pd.DataFrame, is_tumor: Flags, groups: NDArray[np.object_], replicates: int
) -> dict[str, MetricEntry]:
    """Compute `ece` of the tumour probability over the slices of left-out sources; every slice counts once."""
    used = slices["is_left_out"].to_numpy(bool)
    if not used.any():
        return {}
    truth, probability = is_tumor[used], slices["tumor_probability"].to_numpy(np.float64)[used]

    def calibration_error(weights: Floats) -> dict[str, float]:
        return {f"ece@sources:{_LEFT_OUT}": binary_calibration_error(truth, probability, weights)}

    return bootstrap_ci(calibration_error, {}, groups[used], _strata(slices[used]), replicates)


def _strata(slices: pd.DataFrame) -> NDArray[np.int64]:
    return np.unique(slices["origin"].to_numpy(object), return_inverse=True)[1].astype(np.int64)


def _describe_sources(slices: pd.DataFrame) -> dict[str, dict[str, object]]:
    """Return title, number of slices and whether it was left out of training for each source."""
    return {
        name: {
            "title": EXTERNAL_SETS[name].title if name in EXTERNAL_SETS else name,
            "slices": len(rows),
            "left_out": bool(rows["is_left_out"].all()),
        }
        for name, rows in ((str(name), rows) for name, rows in slices.groupby("origin"))
    }
