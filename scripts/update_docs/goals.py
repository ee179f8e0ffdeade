"""Goals that were set before the training of v4 and v5, and the values that the served model reached."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from braintumor.enums import CLASSES, EXTERNAL_SPLIT, HOLDOUT_SPLIT, Plane, Protocol, Split, Verdict
from braintumor.inference.runs import Run
from braintumor.results.metric import Metric
from braintumor.results.other_sources import read_leave_one_source_out
from braintumor.results.rejection import IN_DISTRIBUTION
from braintumor.results.stress_test import OOD_CHECK, SOURCES_CHECK, STUDIES_CHECK
from braintumor.results.version import VersionReport, read_holdout_reports, read_version_report
from braintumor.settings import Settings

_TUMOR_METRICS: Final = ("tumor_sensitivity", "flagged")


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal for one metric: at least `least`, at most `most`, as a percentage (`share`) or a plain number."""

    title: str
    reached: Metric | None
    least: float | None = None
    most: float | None = None
    share: bool = True

    def row(self) -> str:
        """Format as a row of the table."""
        goal = ", ".join(f"{relation} {self._format(bound)}" for relation, bound in self._bounds())
        if self.reached is None:
            return f"| {self.title} | {goal} | not measured | |"
        reached = self.reached.percent() if self.share else self.reached.plain(3)
        outcome = "met" if self.met(self.reached.value) else "missed"
        return f"| {self.title} | {goal} | {reached} | {outcome} |"

    def met(self, value: float) -> bool:
        """Whether a value meets the goal."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def _bounds(self) -> Iterator[tuple[str, float]]:
        yield from (("at least", self.least),) if self.least is not None else ()
        yield from (("at most", self.most),) if self.most is not None else ()

    def _format(self, bound: float) -> str:
        return f"{100 * bound:g}%" if self.share else f"{bound:g}"


def goals_block(settings: Settings) -> str:
    """Write the goals of v4 on its own image set with the values of the served model as Markdown."""
    return _table(goals(settings.version, settings))


def source_goals_block(settings: Settings) -> str:
    """Write the goals of v5 on other sources and on studies with the values of the served model as Markdown."""
    return _table(source_goals(settings.version, settings))


def _table(rows: Iterable[Goal]) -> str:
    head = ["| Metric | Goal | Reached (95% CI) | Outcome |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *(goal.row() for goal in rows)]) + "\n"


def goals(version: str, settings: Settings) -> Iterator[Goal]:
    """Yield every goal with the value that a model reached."""
    report = read_version_report(version, settings)
    test = report.evaluation.get(Split.TEST, {})
    yield Goal("Accuracy, four classes", test.get("accuracy"), least=0.97)
    yield Goal("Macro F1", test.get("macro_f1"), least=0.96)
    yield Goal("Sensitivity for any tumour", test.get("tumor_sensitivity"), least=0.99)
    yield Goal("Specificity at that sensitivity", test.get("tumor_specificity"), least=0.98)
    if report.recipe.get("data", "kaggle") != "all":  # the official split has the Kaggle set only
        official = read_version_report(Run(version, Protocol.OFFICIAL).name, settings)
        yield Goal("Accuracy on the official split", official.metric(Split.TEST, "accuracy"), least=0.993)
    yield Goal("External set: AUC", _check_metric(report, EXTERNAL_SPLIT, "roc_auc"), least=0.97, share=False)
    yield Goal("External set: tumours flagged", _check_metric(report, EXTERNAL_SPLIT, "flagged"), least=0.90)
    yield Goal("External set: false positives", _check_metric(report, EXTERNAL_SPLIT, "false_alarms"), most=0.05)
    for run in read_holdout_reports(version, settings):
        title, metrics = f"Tumours of a held-out source ({run.version})", run.evaluation[HOLDOUT_SPLIT]
        yield Goal(f"{title}, predicted as tumour", metrics.get("tumor_sensitivity"), least=0.95)
        yield Goal(f"{title}, flagged", metrics.get(f"tumors@verdict:{Verdict.TUMOR_SUSPECTED}"), least=0.95)
    yield Goal("Dice of the outline", test.get("dice"), least=0.75, share=False)
    yield Goal("Pointing game", test.get("pointing_game"), least=0.92)
    yield Goal("Calibration error after temperature scaling", test.get("ece"), most=0.02, share=False)
    for tumor_class in CLASSES:
        name = f"Prediction sets contain {tumor_class.title.lower()}"
        yield Goal(name, test.get(f"set_coverage/{tumor_class}"), least=0.93, most=0.97)
    auc_by_type = (_check_metric(report, OOD_CHECK, f"roc_auc@kind:{name}") for name in _ood_image_types(report))
    lowest = min((auc for auc in auc_by_type if auc), key=lambda auc: auc.value, default=None)
    yield Goal("Out-of-distribution score, AUC of the hardest image type", lowest, least=0.99, share=False)
    keras = _check_metric(report, "latency", "ratio@way:keras")
    yield Goal("Time of Keras relative to a full prediction", keras, least=8, share=False)


def source_goals(version: str, settings: Settings) -> Iterator[Goal]:
    """Yield the goals on other sources, on studies and of time; of held-out sources where possible."""
    report = read_version_report(version, settings)
    held_out = read_leave_one_source_out(report)
    test = report.evaluation.get(Split.TEST, {})
    for plane in (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL):
        false_alarms = held_out.metrics.get(f"false_alarms@plane:{plane}") if held_out else None
        yield Goal(f"Held-out sources: tumour-free {plane} slices flagged", false_alarms, most=0.05)
    of_lgg = _check_metric(report, SOURCES_CHECK, "false_alarms@sources:left-out")
    yield Goal("Never trained on: tumour-free slices flagged", of_lgg, most=0.05)
    most_likely, flagged = (_check_metric(report, SOURCES_CHECK, f"{name}@sources:left-out") for name in _TUMOR_METRICS)
    yield Goal("Never trained on: tumours with a tumour as most likely class", most_likely, least=0.92)
    yield Goal("Never trained on: tumours flagged", flagged, least=0.85)
    for contrast, least in (("T1c", 0.92), ("FLAIR", 0.92), ("T1", 0.85)):
        area = _check_metric(report, SOURCES_CHECK, f"roc_auc_within_patients@contrast:{contrast}")
        yield Goal(f"AUC within patients, {contrast}", area, least=least, share=False)
    error = _check_metric(report, SOURCES_CHECK, "ece@sources:left-out")
    yield Goal("Never trained on: calibration error", error, most=0.05, share=False)
    stripped = _check_metric(report, SOURCES_CHECK, "rejected_tumor_free@condition:skull-stripped")
    yield Goal("Skull-stripped slices rejected", stripped, most=0.05)
    yield Goal("Head CT rejected", _check_metric(report, OOD_CHECK, "rejected@kind:head-ct"), least=0.95)
    yield Goal("Brain MRI rejected", _check_metric(report, OOD_CHECK, f"rejected@kind:{IN_DISTRIBUTION}"), most=0.02)
    studies = {
        name: _check_metric(report, STUDIES_CHECK, name)
        for name in ("tumors_suspected", "tumor_free_ruled_out", "tumor_free_ruled_out@extent:whole")
    }
    yield Goal("Studies with a tumour: suspected", studies["tumors_suspected"], least=0.95)
    yield Goal("Studies without a tumour: no tumour found", studies["tumor_free_ruled_out"], least=0.95)
    whole = studies["tumor_free_ruled_out@extent:whole"]
    count = f" ({whole.n} measured)" if whole else ""
    yield Goal(f"Whole volumes without a tumour{count}: no tumour found", whole, least=0.95)
    yield Goal("Kaggle test split: sensitivity for any tumour", test.get("tumor_sensitivity"), least=0.98)
    yield Goal("Kaggle test split: specificity for any tumour", test.get("tumor_specificity"), least=0.96)
    yield Goal("Kaggle test split: Dice of the outline", test.get("dice"), least=0.75, share=False)
    total, bare = (_check_metric(report, "latency", name) for name in ("ms@stage:total", "ratio@way:bare"))
    yield Goal("Milliseconds from file to verdict, per slice", total, most=20, share=False)
    yield Goal("Time of a full prediction relative to the class alone", bare, most=1.4, share=False)


def _ood_image_types(report: VersionReport) -> list[str]:
    check = report.checks.get(OOD_CHECK)
    return [] if check is None else [name for name in check.subgroup_values("kind") if name != IN_DISTRIBUTION]


def _check_metric(report: VersionReport, check: str, metric: str) -> Metric | None:
    result = report.checks.get(check)
    return None if result is None else result.metrics.get(metric)
