"""Goals that were set before the training of v5, and the values that the served model reached."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.enums import Plane, Split, TumorClass
from braintumor.evaluation.metrics.bootstrap import bootstrap_ci
from braintumor.results.comparison import read_comparison
from braintumor.results.metric import Metric, parse_metric
from braintumor.results.other_sources import read_leave_one_source_out
from braintumor.results.rejection import IN_DISTRIBUTION
from braintumor.results.stress_test import OOD_CHECK, SOURCES_CHECK, STUDIES_CHECK
from braintumor.results.studies import ENOUGH_VOLUMES
from braintumor.results.version import VersionReport, read_predictions, read_version_report
from braintumor.settings import Settings
from scripts.update_docs.goals import Goal, check_metric, goals_table

_EARLIER: Final = "v4"
_SPECIFICITY: Final = 0.96


def source_goals_block(settings: Settings) -> str:
    """Write the goals of v5 on other sources, studies and the Kaggle set, with the values of the served model."""
    report = read_version_report(settings.version, settings)
    goals = [*_slice_goals(report), *_rejection_goals(report), *_study_goals(report)]
    return goals_table([*goals, *_kaggle_goals(report, settings), *_time_goals(report)])


def _slice_goals(report: VersionReport) -> Iterator[Goal]:
    """Yield the goals on slices of held-out sources, and of sources that no network was trained on."""
    for plane in (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL):
        in_plane = _held_out(report, f"false_alarms@plane:{plane}")
        yield Goal(f"Held-out sources: tumour-free {plane} slices flagged", in_plane, most=0.05)
    false_alarms, named, flagged = (
        check_metric(report, SOURCES_CHECK, f"{name}@sources:left-out")
        for name in ("false_alarms", "tumor_sensitivity", "flagged")
    )
    yield Goal("Never trained on: tumour-free slices flagged", false_alarms, most=0.05)
    yield Goal("Never trained on: tumours with a tumour as most likely class", named, least=0.92)
    yield Goal("Never trained on: tumours flagged", flagged, least=0.85)
    for title, name in (("tumours", "set_coverage"), ("tumour-free slices", "set_coverage_tumor_free")):
        metric = f"{name}@sources:left-out"
        coverage = {
            "Held-out sources": _held_out(report, metric),
            "Never trained on": check_metric(report, SOURCES_CHECK, metric),
        }
        for sources, covered in coverage.items():
            yield Goal(f"{sources}: prediction sets contain the class of {title}", covered, least=0.95)
    for contrast, least in (("T1c", 0.92), ("FLAIR", 0.92), ("T1", 0.85)):
        area = check_metric(report, SOURCES_CHECK, f"roc_auc_within_patients@contrast:{contrast}")
        yield Goal(f"AUC within patients, {contrast}", area, least=least, share=False)
    error = check_metric(report, SOURCES_CHECK, "ece@sources:left-out")
    yield Goal("Never trained on: calibration error", error, most=0.05, share=False)


def _rejection_goals(report: VersionReport) -> Iterator[Goal]:
    stripped = _held_out(report, "rejected_tumor_free@condition:skull-stripped")
    yield Goal("Held-out sources: skull-stripped tumour-free slices rejected", stripped, most=0.05)
    stripped = check_metric(report, SOURCES_CHECK, "rejected@condition:skull-stripped")
    yield Goal("Other sources: skull-stripped tumours rejected", stripped, most=0.05)
    yield Goal("Head CT rejected", check_metric(report, OOD_CHECK, "rejected@kind:head-ct"), least=0.95)
    mri = check_metric(report, OOD_CHECK, f"rejected@kind:{IN_DISTRIBUTION}")
    yield Goal("Kaggle test split: brain MRI rejected", mri, most=0.02)
    for title, name in (("tumours", "rejected"), ("tumour-free slices", "rejected_tumor_free")):
        mri = check_metric(report, SOURCES_CHECK, f"{name}@sources:left-out")
        yield Goal(f"Never trained on: {title} rejected", mri, most=0.02)


def _study_goals(report: VersionReport) -> Iterator[Goal]:
    suspected, ruled_out, whole = (
        check_metric(report, STUDIES_CHECK, name)
        for name in ("tumors_suspected", "tumor_free_ruled_out", "tumor_free_ruled_out@extent:whole")
    )
    yield Goal("Studies with a tumour: suspected", suspected, least=0.95)
    yield Goal("Studies without a tumour: no tumour found", ruled_out, least=0.95)
    count = (whole.n or 0) if whole else 0
    title = f"Whole volumes without a tumour ({count} measured): no tumour found"
    yield Goal(title, whole, least=0.95, enough=count >= ENOUGH_VOLUMES)


def _kaggle_goals(report: VersionReport, settings: Settings) -> Iterator[Goal]:
    difference = _accuracy_difference(report.version, settings)
    title = f"Kaggle test split: accuracy minus that of {_EARLIER}, within noise"
    yield Goal(title, difference, least=0, within_noise=True)
    sensitivity = sensitivity_at(_SPECIFICITY, read_predictions(report.version, settings))
    title = f"Kaggle test split: sensitivity for any tumour at {_SPECIFICITY:.0%} specificity"
    yield Goal(title, sensitivity, least=0.98)
    dice = report.metric(Split.TEST, "dice")
    yield Goal("Kaggle test split: Dice of the outline", dice, least=0.75, share=False)


def _time_goals(report: VersionReport) -> Iterator[Goal]:
    total, bare = (check_metric(report, "latency", name) for name in ("ms@stage:total", "ratio@way:bare"))
    yield Goal("Milliseconds from file to verdict, per slice", total, most=20, share=False)
    yield Goal("Time of a full prediction relative to the class alone", bare, most=1.4, share=False)


def _held_out(report: VersionReport, name: str) -> Metric | None:
    check = read_leave_one_source_out(report)
    return check.metrics.get(name) if check else None


def _accuracy_difference(version: str, settings: Settings) -> Metric | None:
    """Return by how much a version is more accurate on the four classes than the earlier one; None if not compared."""
    for pair in read_comparison(settings).pairs.get("accuracy", ()):
        if {pair.a, pair.b} == {version, _EARLIER}:
            sign, found = (1 if pair.a == version else -1), pair.difference
            low, high = sorted(sign * end for end in found.interval or (found.value, found.value))
            return Metric(sign * found.value, (low, high), found.n, found.groups)
    return None


def sensitivity_at(specificity: float, predictions: pd.DataFrame) -> Metric | None:
    """Compute the sensitivity for any tumour at the lowest threshold with at least this specificity.

    Parameters
    ----------
    predictions : DataFrame
        As from `read_predictions`; only the test split is used.
    """
    if predictions.empty:
        return None
    test = predictions[predictions["split"] == str(Split.TEST)]
    is_tumor = (test["label"] != str(TumorClass.NOTUMOR)).to_numpy()
    score = test["tumor_probability"].to_numpy(np.float64)
    order = np.argsort(score[~is_tumor])
    tumor_free = score[~is_tumor][order]

    def sensitivity(weights: NDArray[np.float64]) -> dict[str, float]:
        below = np.cumsum(weights[~is_tumor][order])
        highest = tumor_free[np.searchsorted(below, specificity * below[-1])]
        return {"tumor_sensitivity": float(np.average(score[is_tumor] > highest, weights=weights[is_tumor]))}

    groups, strata = test["group"].to_numpy(object), is_tumor.astype(np.int64)
    name = "tumor_sensitivity"
    return parse_metric(bootstrap_ci(sensitivity, {name: is_tumor}, groups, strata)[name], name)
