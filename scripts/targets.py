"""Writes into docs/targets.md what v4 was to reach and what it reached, from outputs: `make readme`."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from braintumor.evaluation.measures import Estimate
from braintumor.evaluation.report import Report, read_report, without_origin
from braintumor.settings import Settings
from braintumor.vocabulary import CLASSES, LEFT_OUT, Protocol, Split, Verdict
from markers import Markers

PAGE = Path(__file__).resolve().parents[1] / "docs" / "targets.md"
MARKERS = Markers.of("targets")


@dataclass(frozen=True, slots=True)
class Target:
    """What was asked of one number: at least `least`, at most `most`, as a share or as a plain number."""

    title: str
    found: Estimate | None
    least: float | None = None
    most: float | None = None
    share: bool = True

    def row(self) -> str:
        """As a row of the table."""
        asked = [f"{words} {self._said(bound)}" for words, bound in self._bounds()]
        if self.found is None:
            return f"| {self.title} | {', '.join(asked)} | not measured | |"
        shown = self.found.percent() if self.share else self.found.plain(3)
        return f"| {self.title} | {', '.join(asked)} | {shown} | {'met' if self.met(self.found.value) else 'missed'} |"

    def met(self, value: float) -> bool:
        """Whether a value is what was asked for."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def _bounds(self) -> Iterator[tuple[str, float]]:
        yield from (("at least", self.least),) if self.least is not None else ()
        yield from (("at most", self.most),) if self.most is not None else ()

    def _said(self, bound: float) -> str:
        return f"{100 * bound:g}%" if self.share else f"{bound:g}"


def main() -> int:
    """Bring the page up to date; 1 where its markers are gone."""
    return MARKERS.write(PAGE, table)


def table(settings: Settings) -> str:
    """What the served version was to reach, what it reached, and whether it did, in Markdown."""
    head = ["| | Asked | Reached | |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *(target.row() for target in targets(settings.version, settings))]) + "\n"


def targets(version: str, settings: Settings) -> Iterator[Target]:
    """Every number something was asked of."""
    report = read_report(version, settings)
    official = read_report(f"{version}-{Protocol.OFFICIAL}", settings)
    test = report.evaluation.get(Split.TEST, {})
    yield Target("Accuracy, four classes", test.get("accuracy"), least=0.97)
    yield Target("Macro F1", test.get("macro_f1"), least=0.96)
    yield Target("Tumour sensitivity", test.get("tumor_sensitivity"), least=0.99)
    yield Target("Specificity at that", test.get("tumor_specificity"), least=0.98)
    yield Target("Accuracy on the official split", official.metric(Split.TEST, "accuracy"), least=0.993)
    yield Target("Outside: ROC area", _studied(report, "outside", "roc_auc"), least=0.97, share=False)
    yield Target("Outside: tumours called", _studied(report, "outside", "called"), least=0.90)
    yield Target("Outside: false alarms", _studied(report, "outside", "false_alarms"), most=0.05)
    for run in without_origin(version, settings):
        title, left_out = f"Tumours of an origin left out ({run.version})", run.evaluation[LEFT_OUT]
        yield Target(f"{title}, likeliest class", left_out.get("tumor_sensitivity"), least=0.95)
        yield Target(f"{title}, called", left_out.get(f"tumors@verdict:{Verdict.TUMOR_SUSPECTED}"), least=0.95)
    yield Target("Dice of the outline", test.get("dice"), least=0.75, share=False)
    yield Target("Pointing game", test.get("pointing_game"), least=0.92)
    yield Target("Calibration error after scaling", test.get("ece"), most=0.02, share=False)
    for kind in CLASSES:
        name = f"Prediction sets hold {kind.title.lower()}"
        yield Target(name, test.get(f"set_coverage/{kind}"), least=0.93, most=0.97)
    foreign = [found for kind in _kinds(report) if (found := _studied(report, "novelty", f"roc_auc@kind:{kind}"))]
    lowest = min(foreign, key=lambda found: found.value, default=None)
    yield Target("Novelty, ROC area of the hardest kind", lowest, least=0.99, share=False)
    yield Target("Brain MRI refused", _studied(report, "novelty", "refused@kind:brain MRI"), most=0.02)
    whole, keras = (_studied(report, "latency", f"ratio@way:{way}") for way in ("bare", "keras"))
    yield Target("Time of the whole answer over that of the bare class", whole, most=1.3, share=False)
    yield Target("Time of Keras over that of the whole answer", keras, least=8, share=False)


def _kinds(report: Report) -> list[str]:
    stage = report.stages.get("novelty")
    return [] if stage is None else [kind for kind in stage.kinds("kind") if kind != "brain MRI"]


def _studied(report: Report, stage: str, metric: str) -> Estimate | None:
    found = report.stages.get(stage)
    return None if found is None else found.metrics.get(metric)


if __name__ == "__main__":
    sys.exit(main())
