"""Goals that were set before the training of v4, and the values that the served model reached."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from braintumor.enums import CLASSES, EXTERNAL_SPLIT, HOLDOUT_SPLIT, Protocol, Split, Verdict
from braintumor.inference.runs import Run
from braintumor.results.metric import Metric
from braintumor.results.rejection import IN_DISTRIBUTION
from braintumor.results.stress_test import OOD_CHECK
from braintumor.results.version import VersionReport, read_holdout_reports, read_version_report
from braintumor.settings import Settings


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal for one metric: at least `least`, at most `most`, as a percentage (`share`) or a plain number.

    With `within_noise` it is met if its interval reaches the bound. With too few patients (`enough`) it is neither met
    nor missed.
    """

    title: str
    reached: Metric | None
    least: float | None = None
    most: float | None = None
    share: bool = True
    within_noise: bool = False
    enough: bool = True

    def row(self) -> str:
        """Format as a row of the table."""
        goal = ", ".join(f"{relation} {self._format(bound)}" for relation, bound in self._bounds())
        if self.reached is None:
            return f"| {self.title} | {goal} | not measured | |"
        reached = self.reached.percent() if self.share else self.reached.plain(3)
        ends = (self.reached.interval or ()) if self.within_noise else ()
        outcome = "met" if any(map(self.met, (self.reached.value, *ends))) else "missed"
        outcome = outcome if self.enough else "too few to judge"
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
    return goals_table(goals(settings.version, settings))


def goals_table(rows: Iterable[Goal]) -> str:
    """Write a table of goals as Markdown."""
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
    yield Goal("External set: AUC", check_metric(report, EXTERNAL_SPLIT, "roc_auc"), least=0.97, share=False)
    yield Goal("External set: tumours flagged", check_metric(report, EXTERNAL_SPLIT, "flagged"), least=0.90)
    yield Goal("External set: false positives", check_metric(report, EXTERNAL_SPLIT, "false_alarms"), most=0.05)
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
    auc_by_type = (check_metric(report, OOD_CHECK, f"roc_auc@kind:{name}") for name in _ood_image_types(report))
    lowest = min((auc for auc in auc_by_type if auc), key=lambda auc: auc.value, default=None)
    yield Goal("Out-of-distribution score, AUC of the hardest image type", lowest, least=0.99, share=False)
    keras = check_metric(report, "latency", "ratio@way:keras")
    yield Goal("Time of Keras relative to a full prediction", keras, least=8, share=False)


def _ood_image_types(report: VersionReport) -> list[str]:
    check = report.checks.get(OOD_CHECK)
    return [] if check is None else [name for name in check.subgroup_values("kind") if name != IN_DISTRIBUTION]


def check_metric(report: VersionReport, check: str, metric: str) -> Metric | None:
    """Return a metric of a check of the stress test; None if it was not measured."""
    result = report.checks.get(check)
    return None if result is None else result.metrics.get(metric)
