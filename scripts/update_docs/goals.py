"""Goals set for the served model before it was trained, and what it reached."""

from collections.abc import Iterator
from dataclasses import dataclass

from braintumor.enums import CLASSES, HOLDOUT_SPLIT, Protocol, Split, Verdict
from braintumor.results.metric import Metric
from braintumor.results.version import VersionReport, read_holdout_reports, read_version_report
from braintumor.settings import Settings


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
        asked = [f"{words} {self._format(bound)}" for words, bound in self._bounds()]
        if self.reached is None:
            return f"| {self.title} | {', '.join(asked)} | not measured | |"
        shown = self.reached.percent() if self.share else self.reached.plain(3)
        outcome = "met" if self.met(self.reached.value) else "missed"
        return f"| {self.title} | {', '.join(asked)} | {shown} | {outcome} |"

    def met(self, value: float) -> bool:
        """Whether a value meets the goal."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def _bounds(self) -> Iterator[tuple[str, float]]:
        yield from (("at least", self.least),) if self.least is not None else ()
        yield from (("at most", self.most),) if self.most is not None else ()

    def _format(self, bound: float) -> str:
        return f"{100 * bound:g}%" if self.share else f"{bound:g}"


def goals_block(settings: Settings) -> str:
    """Write goal, reached value and outcome of every goal of the served model as Markdown."""
    head = ["| | Asked | Reached | |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *(goal.row() for goal in goals(settings.version, settings))]) + "\n"


def goals(version: str, settings: Settings) -> Iterator[Goal]:
    """Yield every goal with the value that a model reached."""
    report = read_version_report(version, settings)
    official = read_version_report(f"{version}-{Protocol.OFFICIAL}", settings)
    test = report.evaluation.get(Split.TEST, {})
    yield Goal("Accuracy, four classes", test.get("accuracy"), least=0.97)
    yield Goal("Macro F1", test.get("macro_f1"), least=0.96)
    yield Goal("Tumour sensitivity", test.get("tumor_sensitivity"), least=0.99)
    yield Goal("Specificity at that", test.get("tumor_specificity"), least=0.98)
    yield Goal("Accuracy on the official split", official.metric(Split.TEST, "accuracy"), least=0.993)
    yield Goal("Outside: ROC area", _studied(report, "outside", "roc_auc"), least=0.97, share=False)
    yield Goal("Outside: tumours called", _studied(report, "outside", "called"), least=0.90)
    yield Goal("Outside: false alarms", _studied(report, "outside", "false_alarms"), most=0.05)
    for run in read_holdout_reports(version, settings):
        title, left_out = f"Tumours of an origin left out ({run.version})", run.evaluation[HOLDOUT_SPLIT]
        yield Goal(f"{title}, likeliest class", left_out.get("tumor_sensitivity"), least=0.95)
        yield Goal(f"{title}, called", left_out.get(f"tumors@verdict:{Verdict.TUMOR_SUSPECTED}"), least=0.95)
    yield Goal("Dice of the outline", test.get("dice"), least=0.75, share=False)
    yield Goal("Pointing game", test.get("pointing_game"), least=0.92)
    yield Goal("Calibration error after scaling", test.get("ece"), most=0.02, share=False)
    for kind in CLASSES:
        name = f"Prediction sets hold {kind.title.lower()}"
        yield Goal(name, test.get(f"set_coverage/{kind}"), least=0.93, most=0.97)
    areas = [area for kind in _kinds(report) if (area := _studied(report, "novelty", f"roc_auc@kind:{kind}"))]
    lowest = min(areas, key=lambda area: area.value, default=None)
    yield Goal("Novelty, ROC area of the hardest kind", lowest, least=0.99, share=False)
    yield Goal("Brain MRI refused", _studied(report, "novelty", "refused@kind:brain MRI"), most=0.02)
    whole, keras = (_studied(report, "latency", f"ratio@way:{way}") for way in ("bare", "keras"))
    yield Goal("Time of the whole answer over that of the bare class", whole, most=1.3, share=False)
    yield Goal("Time of Keras over that of the whole answer", keras, least=8, share=False)


def _kinds(report: VersionReport) -> list[str]:
    stage = report.checks.get("novelty")
    return [] if stage is None else [kind for kind in stage.subgroup_values("kind") if kind != "brain MRI"]


def _studied(report: VersionReport, stage: str, metric: str) -> Metric | None:
    measured = report.checks.get(stage)
    return None if measured is None else measured.metrics.get(metric)
