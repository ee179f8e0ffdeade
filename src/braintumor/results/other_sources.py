"""Results on external slices that a version did not learn from, as tables and sentences.

They are those of the stress test `sources`, and of networks that were trained without a source: leave-one-source-out.
"""

from collections.abc import Mapping
from typing import Final

from braintumor.enums import Plane, Split, Verdict
from braintumor.inference.model_card import LEAVE_ONE_SOURCE_OUT_FILE
from braintumor.results.metric import Metric, Metrics, MetricUnit
from braintumor.results.stress_test import SOURCES_CHECK, StressTestResult, read_check
from braintumor.results.version import VersionReport
from braintumor.text import VERDICT_TITLES, join_words

Rows = dict[str, dict[str, str]]

_AREA: Final = "roc_auc_within_patients"
# Behind the title of a source whose other patients the version was trained on.
TEST_PATIENTS: Final = " (test patients)"
_TUMOR_FREE_TITLES: Final = {
    "predicted_tumor": "Tumour as most likely class",
    "false_alarms": "Tumour suspected",
    "rejected_tumor_free": VERDICT_TITLES[Verdict.NOT_BRAIN_MRI],
    "outside_field_tumor_free": VERDICT_TITLES[Verdict.OUTSIDE_FIELD],
    "set_coverage_tumor_free": "Prediction set contains no tumour",
}
_TUMOR_TITLES: Final = {
    "tumor_sensitivity": "Tumour as most likely class",
    "flagged": "Tumour suspected",
    "rejected": VERDICT_TITLES[Verdict.NOT_BRAIN_MRI],
    "outside_field": VERDICT_TITLES[Verdict.OUTSIDE_FIELD],
    "set_coverage": "Prediction set contains the class",
    _AREA: "AUC within patients",
}
# Slices without a tumour that do not count as tumour-free.
_OTHER_TITLES: Final = {
    "@label:other-lesion": "Other lesions (multiple sclerosis)",
    "@field:outside": "Outside the brain",
}
_AREAS: Final = ("roc_auc", _AREA)
_HELD_OUT_TITLES: Final = {
    "tumor_sensitivity": "Tumours: tumour as most likely class",
    "flagged": "Tumours suspected",
    "rejected": "Tumours rejected",
    "set_coverage": "Tumours: class in the prediction set",
    "predicted_tumor": "Tumour-free: tumour as most likely class",
    "false_alarms": "Tumour-free suspected",
    "rejected_tumor_free": "Tumour-free rejected",
    "set_coverage_tumor_free": "Tumour-free: class in the prediction set",
    "roc_auc": "AUC",
    _AREA: "AUC within patients",
}
_GROUP: Final = "group"
_LEFT_OUT: Final = "@sources:left-out"


def current_sources_check(report: VersionReport) -> StressTestResult | None:
    """Return the stress test on other sources; None if it was not run on the current model."""
    check = report.checks.get(SOURCES_CHECK)
    return check if check is not None and check.is_measured and not check.is_outdated else None


def read_leave_one_source_out(report: VersionReport) -> StressTestResult | None:
    """Read the scores of sources that were held out in turn; None if there are none of the current model."""
    if report.card is None:
        return None
    check = read_check(report.folder / LEAVE_ONE_SOURCE_OUT_FILE, report.card.fingerprint)
    return check if check.is_measured and not check.is_outdated else None


def leave_one_source_out_rows(check: StressTestResult) -> Rows:
    """Tabulate each held-out source: tumours, tumour-free slices, and the areas under the ROC curve."""
    rows: Rows = {}
    for source in check.subgroup_values("source"):
        metrics = {name: check.metrics.get(f"{name}@source:{source}") for name in _HELD_OUT_TITLES}
        rows[source_title(check, source)] = {
            title: metric.plain() if name in _AREAS else metric.percent()
            for name, title in _HELD_OUT_TITLES.items()
            if (metric := metrics[name]) is not None
        }
    return {title: row for title, row in rows.items() if row}


def summarize_leave_one_source_out(check: StressTestResult) -> str:
    """Summarize how the networks of the folds were trained and read what they know, and their held-out sources."""
    areas = [check.metrics.get(f"roc_auc@fold:{fold}") for fold in check.subgroup_values("fold")]
    known = join_words(area.plain() for area in areas if area is not None)
    return " ".join(
        [
            "Each source was read by a network that was trained without it, with the calibration of this version. AUC "
            "compares the tumours of the source with its tumour-free slices; if it has only one of the two, the other "
            "comes from the sources held out with it. Slices with other lesions are in the second table only. "
            "These networks are not asked whether a slice is CT or outside the model's field.",
            *([f"On the validation split of the Kaggle set, these networks reach an AUC of {known}."] if known else []),
            summarize_false_alarms(check),
            summarize_tumors(check),
        ]
    ).strip()


def tumor_free_rows(check: StressTestResult) -> Rows:
    """Tabulate slices without a tumour by source and plane, then by plane, contrast, condition and what they show."""
    return _rows(check, "plane", _TUMOR_FREE_TITLES, _OTHER_TITLES)


def tumor_rows(check: StressTestResult) -> Rows:
    """Tabulate tumours by source and contrast, then by plane, contrast and condition."""
    return _rows(check, "contrast", _TUMOR_TITLES, {})


def _rows(check: StressTestResult, attribute: str, titles: Mapping[str, str], others: Mapping[str, str]) -> Rows:
    """Make a row for each subgroup with metrics; a source has one row if no plane or contrast has enough slices."""
    metrics, values = check.metrics, check.subgroup_values(attribute)
    rows: Rows = {}
    for source in check.subgroup_values("source"):
        title, suffix = source_title(check, source), f"@source:{source}"
        rows_of_source = {
            f"{title}: {value}": _row(metrics, f"{suffix}@{attribute}:{value}", titles) for value in values
        }
        rows |= rows_of_source if any(rows_of_source.values()) else {title: _row(metrics, suffix, titles)}
    rows |= {
        f"All sources: {f'{each} unknown' if value == 'unknown' else value}": _row(metrics, f"@{each}:{value}", titles)
        for each in ("plane", "contrast")
        for value in check.subgroup_values(each)
    }
    conditions = check.subgroup_values("condition")
    rows |= {value.capitalize(): _row(metrics, f"@condition:{value}", titles) for value in conditions}
    rows |= {title: _row(metrics, suffix, titles) for suffix, title in others.items()}
    return {title: row for title, row in rows.items() if row}


def _row(metrics: Metrics, suffix: str, titles: Mapping[str, str]) -> dict[str, str]:
    first = metrics.get(f"{next(iter(titles))}{suffix}")
    if first is None:
        return {}
    shown = {
        title: metric.plain() if name == _AREA else metric.percent()
        for name, title in titles.items()
        if (metric := metrics.get(f"{name}{suffix}")) is not None
    }
    return {"Measured on": first.sample_size(_GROUP), **shown}


def source_title(check: StressTestResult, name: str) -> str:
    """Return the title of a source; "test patients" if the version was trained on its other patients."""
    details = check.details.get("sources")
    source = details.get(name) if isinstance(details, Mapping) else None
    if not isinstance(source, Mapping):
        return name
    return f"{source.get('title', name)}{'' if source.get('left_out', True) else TEST_PATIENTS}"


def tumor_free_by_plane(check: StressTestResult, name: str = "false_alarms") -> dict[str, Metric]:
    """Return a metric of tumour-free slices by plane."""
    metrics = {str(plane): check.metrics.get(f"{name}@plane:{plane}") for plane in Plane}
    return {plane: metric for plane, metric in metrics.items() if metric is not None}


def false_alarms_by_source(check: StressTestResult) -> dict[str, Metric]:
    """Return the false alarms of each source that has tumour-free slices, by its title."""
    names = check.subgroup_values("source")
    metrics = {source_title(check, name): check.metrics.get(f"false_alarms@source:{name}") for name in names}
    return {title: metric for title, metric in metrics.items() if metric is not None}


def list_metrics(metrics: Mapping[str, Metric], unit: MetricUnit = "percent") -> str:
    """List metrics in a sentence, with intervals and sample sizes."""
    return join_words(f"{title} {metric.describe(unit, _GROUP)}" for title, metric in metrics.items())


def summarize_false_alarms(check: StressTestResult) -> str:
    """Summarize false alarms by plane and by source, and the most likely class by plane; empty without metrics."""
    planes, sources = tumor_free_by_plane(check), false_alarms_by_source(check)
    if not planes or not sources:
        return ""
    return (
        f"Tumour-free slices of other sources that are flagged, by plane: {list_metrics(planes)}; by source: "
        f"{list_metrics(sources)}. A tumour is the most likely class in: "
        f"{list_metrics(tumor_free_by_plane(check, 'predicted_tumor'))}."
    )


def summarize_tumors(check: StressTestResult) -> str:
    """Summarize tumours found, calibration and the comparison within patients; empty without metrics."""
    metrics, sentences = check.metrics, []
    sensitivity, flagged = metrics.get("tumor_sensitivity@sources:left-out"), metrics.get("flagged@sources:left-out")
    if sensitivity and flagged:
        sentences.append(
            f"Tumours of sources left out of training: a tumour is the most likely class in "
            f"{sensitivity.describe(group=_GROUP)}, and {flagged.describe(group=_GROUP)} are flagged."
        )
    contrasts = check.subgroup_values("contrast")
    areas = {name: metrics.get(f"{_AREA}@contrast:{name}") for name in contrasts}
    if measured := {name: area for name, area in areas.items() if area is not None}:
        sentences.append(f"AUC within patients, tumour against tumour-free slices: {list_metrics(measured, 'plain')}.")
    names = {"tumours": f"set_coverage{_LEFT_OUT}", "tumour-free slices": f"set_coverage_tumor_free{_LEFT_OUT}"}
    if sets := {title: metrics[name] for title, name in names.items() if name in metrics}:
        sentences.append(f"Prediction sets of left-out sources contain the class: {list_metrics(sets)}.")
    if error := metrics.get("ece@sources:left-out"):
        sentences.append(f"Calibration error on left-out sources: {error.describe('plain', _GROUP)}.")
    return " ".join(sentences)


def summarize_validity(report: VersionReport) -> str:
    """Say on which planes tumours of the test set are found, and how that changes on sources left out of training.

    Empty if the version was not evaluated by plane.
    """
    names = {str(plane): f"tumor_sensitivity@plane:{plane}" for plane in Plane if plane is not Plane.UNKNOWN}
    metrics = {plane: report.metric(Split.TEST, name) for plane, name in names.items()}
    planes = {plane: metric for plane, metric in metrics.items() if metric is not None}
    if not planes:
        return ""
    holds = (
        "The accuracy applies to scans like those of the test set, with a tumour sensitivity by plane of: "
        f"{list_metrics(planes)}"
    )
    check = current_sources_check(report)
    limits = [] if check is None else _left_out_limits(check)
    if not limits:
        return f"{holds}. There is no current measurement on other sources."
    return (
        f"{holds}. It does not apply in general: of sources left out of training, the model flags {join_words(limits)}."
    )


def suspected_in_left_out_sources(report: VersionReport) -> Metric | None:
    """Return the share of the tumours of sources left out of training that are suspected; None if not measured."""
    check = current_sources_check(report)
    return None if check is None else check.metrics.get(f"flagged{_LEFT_OUT}")


def _left_out_limits(check: StressTestResult) -> list[str]:
    """Return the shares of tumours, the lowest by contrast, and of tumour-free slices that are flagged."""
    limits = []
    if flagged := check.metrics.get(f"flagged{_LEFT_OUT}"):
        contrasts = {name: check.metrics.get(f"flagged@contrast:{name}") for name in check.subgroup_values("contrast")}
        measured = {name: metric for name, metric in contrasts.items() if metric is not None}
        lowest = min(measured, key=lambda name: measured[name].value, default=None)
        worst = f" (lowest for {lowest}: {measured[lowest].percent()})" if lowest else ""
        limits.append(f"{flagged.describe(group=_GROUP)} of the tumours{worst}")
    if false_alarms := check.metrics.get(f"false_alarms{_LEFT_OUT}"):
        limits.append(f"{false_alarms.describe(group=_GROUP)} of the tumour-free slices")
    return limits
