"""Hypotheses: six claims about the classes and the models, each a test with an effect size that may fail."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import CLASSES, TumorClass
from braintumor.results.hypothesis_status import Experiments, Hypothesis, TestResult
from braintumor.results.metric import Metric
from braintumor.results.version import VersionReport


@dataclass(frozen=True, slots=True)
class ClassAverage:
    """Average and standard deviation of a class, float arrays of one shape, over `images` from `groups` groups."""

    mean: NDArray[np.floating]
    std: NDArray[np.floating]
    images: int
    groups: int


def subtract_estimates(a: Metric, b: Metric) -> Metric:
    """`a - b` of two independent estimates; the interval by MOVER (Zou and Donner 2008) from their own intervals."""
    value = a.value - b.value
    if a.interval is None or b.interval is None:
        return Metric(value)
    low = value - math.hypot(a.value - a.interval[0], b.interval[1] - b.value)
    high = value + math.hypot(a.interval[1] - a.value, b.value - b.interval[0])
    return Metric(value, (low, high))


def max_cohens_d(one: ClassAverage, other: ClassAverage) -> Metric:
    """Largest absolute Cohen's d of any pixel, with a 95% interval over all pixels at once (Bonferroni).

    The standard error is that of Hedges and Olkin (1985), with groups for the sample sizes since images of a group are
    not independent.
    """
    n, m = one.groups, other.groups
    spread = np.sqrt((np.square(one.std, dtype=float) + np.square(other.std, dtype=float)) / 2)
    # Outside the head both classes are black without variation: no difference there is evidence of anything.
    usable = spread > 1 / 255
    if not usable.any():
        return Metric(0.0, (0.0, 0.0), one.images + other.images, n + m)
    effect = float(np.max(np.abs(one.mean - other.mean)[usable] / spread[usable]))
    error = math.sqrt(1 / n + 1 / m + effect**2 / (2 * (n + m)))
    reach = NormalDist().inv_cdf(1 - 0.05 / (2 * int(usable.sum()))) * error
    return Metric(effect, (max(0.0, effect - reach), effect + reach), one.images + other.images, n + m)


HYPOTHESES_COMMAND: Final = "braintumor hypotheses"
# What the client asked for.
TARGET_MACRO_F1: Final = 0.95
TARGET_SENSITIVITY: Final = 0.98
# "Visible to the naked eye of a careful observer" (Cohen 1992, A power primer).
TARGET_EFFECT: Final = 0.5

_TEST_SPLIT: Final = "test"


def evaluate_hypotheses(
    report: VersionReport,
    random_report: VersionReport,
    official_report: VersionReport,
    averages: Mapping[TumorClass, ClassAverage],
    experiments: Experiments,
    group_report: VersionReport | None = None,
) -> tuple[Hypothesis, ...]:
    """Test all six claims on what was measured.

    Parameters
    ----------
    report, random, official : Report
        The version, and the same recipe under the two leaky protocols.
    averages : mapping of TumorClass to ClassImage
        Empty where exploration has not been run.
    fair : Report, optional
        Where those two are of another version than `report`: that version under the split by group.
    """
    return (
        _visible_difference_hypothesis(averages, experiments),
        _augmentation_hypothesis(experiments),
        _classification_hypothesis(report),
        _leakage_hypothesis(group_report or report, random_report, official_report),
        _mask_hypothesis(experiments, group_report or report),
        _data_size_hypothesis(experiments),
    )


def _visible_difference_hypothesis(averages: Mapping[TumorClass, ClassAverage], experiments: Experiments) -> Hypothesis:
    healthy = averages.get(TumorClass.NOTUMOR)
    told = TestResult(
        "group averages told apart", experiments.metric("visible", "told"),
        float(experiments.detail("visible", "chance", 1 / len(CLASSES))), command=HYPOTHESES_COMMAND,
    )  # fmt: skip
    effects = tuple(
        TestResult(
            f"{tumor.title} against no tumour",
            None if healthy is None or tumor not in averages else max_cohens_d(averages[tumor], healthy),
            TARGET_EFFECT,
            "plain",
            "braintumor explore",
        )
        for tumor in CLASSES
        if tumor.is_tumor
    )
    return Hypothesis(
        "differ",
        "Do the classes differ visibly?",
        "For each tumour class, the largest standardized difference (Cohen's d) of any pixel between its average and "
        "the no-tumour average, over all pixels at once and counting groups; half a standard deviation is what a "
        "careful eye sees; and the average image of each group is told by the nearest class average of the other "
        "groups, against what labels dealt to the groups at random reach in 95 of 100 deals. Since the no-tumour scans "
        "come from another collection, a difference may be the scanner's and not the disease's.",
        (*effects, told),
    )


def _augmentation_hypothesis(experiments: Experiments) -> Hypothesis:
    return Hypothesis(
        "augmentation",
        "Does augmentation help?",
        f"{_describe_training(experiments, 'augmentation')}, with and without random moves and changes of grey, seed by seed. The "
        "test is the difference in accuracy on the test groups and in tumours found on outside pictures, over groups "
        "and seeds.",
        _difference_results(
            experiments, "augmentation", {"accuracy": "accuracy", "outside_sensitivity": "outside tumours found"}
        ),
    )


def _mask_hypothesis(experiments: Experiments, report: VersionReport) -> Hypothesis:
    plain = None if report.metric(_TEST_SPLIT, "pointing_game") else report.metric(_TEST_SPLIT, "map_pointing_game")
    beside = f" The class map of {report.version}, which has no mask, does in {plain.percent()}." if plain else ""
    return Hypothesis(
        "masks",
        "Do tumour masks teach where to look?",
        f"{_describe_training(experiments, 'masks')}, with and without the loss on masks, seed by seed. The test is the difference "
        "in how often the surest point lies on the tumour (of the mask, or of the class map where no mask was taught) "
        f"and in tumours found on outside pictures.{beside}",
        _difference_results(
            experiments, "masks", {"pointing_game": "pointing game", "outside_sensitivity": "outside tumours found"}
        ),
    )


def _difference_results(experiments: Experiments, name: str, metrics: Mapping[str, str]) -> tuple[TestResult, ...]:
    return tuple(
        TestResult(title, experiments.metric(name, metric), 0.0, "points", HYPOTHESES_COMMAND)
        for metric, title in metrics.items()
    )


def _describe_training(experiments: Experiments, name: str) -> str:
    """How the arms of an experiment were run, as the beginning of a sentence."""
    said = {key: experiments.detail(name, key) for key in ("base", "side", "epochs", "seeds")}
    if None in said.values():
        return "One recipe trained with several seeds"
    return f"{said['base']} at {said['side']} pixels for {said['epochs']} epochs, {said['seeds']} seeds"


def _data_size_hypothesis(experiments: Experiments) -> Hypothesis:
    exponent = experiments.metric("growth", "exponent")
    law = f"; the errors fall as the groups to the power of {-exponent.value:.2f}" if exponent else ""
    shares = experiments.detail("growth", "shares", [])
    return Hypothesis(
        "growth",
        "Does accuracy grow with data?",
        f"{_describe_training(experiments, 'growth')}, on a part of the training groups and on all of them, in about as many steps. "
        f"The test is the difference in accuracy on the same test groups{law}.",
        tuple(
            TestResult(f"all groups minus {share:.0%}", experiments.metric("growth", f"gain@from:{share:g}"), 0.0,
                    "points", HYPOTHESES_COMMAND)
            for share in shares or (0.1,) if share < 1
        ),
    )  # fmt: skip


def _classification_hypothesis(report: VersionReport) -> Hypothesis:
    bars = {
        "macro_f1": ("macro F1", TARGET_MACRO_F1),
        "tumor_sensitivity": ("tumour sensitivity", TARGET_SENSITIVITY),
        "accuracy": ("accuracy", most_frequent_class_share(report)),
    }
    unfit = ""
    if not report.is_multiclass:
        unfit = f"Version {report.version} tells tumour from none and no kinds, so it cannot say. Choose another."
    elif report.has_leakage:
        unfit = f"The test images of {report.version} are of a split that leaks, so they cannot say. Choose another."
    return Hypothesis(
        "classifies",
        "Does a convolutional network tell the four classes apart?",
        "Accuracy, macro F1 and tumour sensitivity on the test images, of patients and near-duplicates the model never "
        "saw. The client asked for a macro F1 of "
        f"{TARGET_MACRO_F1:.0%} and for {TARGET_SENSITIVITY:.0%} of tumours found; accuracy has to beat always "
        "naming the commonest class.",
        () if unfit else tuple(
            TestResult(title, report.metric(_TEST_SPLIT, name), bar, command=report.evaluate_command)
            for name, (title, bar) in bars.items()
        ),
        unfit,
    )  # fmt: skip


def _leakage_hypothesis(
    report: VersionReport, random_report: VersionReport, official_report: VersionReport
) -> Hypothesis:
    ours = report.metric(_TEST_SPLIT, "macro_f1")
    findings = tuple(
        TestResult(
            f"{name} minus group split",
            None if ours is None or theirs is None else subtract_estimates(theirs, ours),
            0.0,
            "points",
            (report if ours is None else leaky).evaluate_command,
        )
        for name, leaky in (("random", random_report), ("official", official_report))
        for theirs in (leaky.metric(_TEST_SPLIT, "macro_f1"),)
    )
    return Hypothesis(
        "leaks",
        "Does keeping patients together lower the score?",
        f"One recipe ({report.version}) trained under two splits that put images of one patient on both sides, and "
        "under the split by group. The test is the difference in macro F1 on each split's own test images, its "
        "interval joined from the intervals of the two scores.",
        findings,
    )


def most_frequent_class_share(report: VersionReport) -> float:
    """Share of the commonest class in the test images: what naming it always would score; chance where unknown."""
    rows = [sum(row) for row in report.curves[_TEST_SPLIT].confusion] if _TEST_SPLIT in report.curves else []
    return max(rows) / sum(rows) if sum(rows) else 1 / len(CLASSES)
