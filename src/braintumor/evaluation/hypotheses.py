"""Hypotheses: six claims about the classes and the models, each a test with an effect size that may fail."""

from collections.abc import Mapping
from typing import Final

from braintumor.evaluation.claims import Finding, Hypothesis
from braintumor.evaluation.effects import ClassImage, difference, largest_effect
from braintumor.evaluation.experiments_file import Experiments
from braintumor.evaluation.report import Report
from braintumor.vocabulary import CLASSES, TumorClass

COMMAND: Final = "braintumor hypotheses"
# What the client asked for.
TARGET_MACRO_F1: Final = 0.95
TARGET_SENSITIVITY: Final = 0.98
# "Visible to the naked eye of a careful observer" (Cohen 1992, A power primer).
TARGET_EFFECT: Final = 0.5

_EVIDENCE: Final = "test"


def weigh_hypotheses(
    report: Report,
    random: Report,
    official: Report,
    averages: Mapping[TumorClass, ClassImage],
    experiments: Experiments,
    fair: Report | None = None,
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
        _differ(averages, experiments),
        _augmentation(experiments),
        _classifies(report),
        _leaks(fair or report, random, official),
        _masks(experiments, fair or report),
        _grows(experiments),
    )


def _differ(averages: Mapping[TumorClass, ClassImage], experiments: Experiments) -> Hypothesis:
    healthy = averages.get(TumorClass.NOTUMOR)
    told = Finding(
        "group averages told apart", experiments.metric("visible", "told"),
        float(experiments.fact("visible", "chance", 1 / len(CLASSES))), command=COMMAND,
    )  # fmt: skip
    effects = tuple(
        Finding(
            f"{tumor.title} against no tumour",
            None if healthy is None or tumor not in averages else largest_effect(averages[tumor], healthy),
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


def _augmentation(experiments: Experiments) -> Hypothesis:
    return Hypothesis(
        "augmentation",
        "Does augmentation help?",
        f"{_arms(experiments, 'augmentation')}, with and without random moves and changes of grey, seed by seed. The "
        "test is the difference in accuracy on the test groups and in tumours found on outside pictures, over groups "
        "and seeds.",
        _gaps(experiments, "augmentation", {"accuracy": "accuracy", "outside_sensitivity": "outside tumours found"}),
    )


def _masks(experiments: Experiments, other: Report) -> Hypothesis:
    plain = None if other.metric(_EVIDENCE, "pointing_game") else other.metric(_EVIDENCE, "map_pointing_game")
    beside = f" The class map of {other.version}, which has no mask, does in {plain.percent()}." if plain else ""
    return Hypothesis(
        "masks",
        "Do tumour masks teach where to look?",
        f"{_arms(experiments, 'masks')}, with and without the loss on masks, seed by seed. The test is the difference "
        "in how often the surest point lies on the tumour (of the mask, or of the class map where no mask was taught) "
        f"and in tumours found on outside pictures.{beside}",
        _gaps(experiments, "masks", {"pointing_game": "pointing game", "outside_sensitivity": "outside tumours found"}),
    )


def _gaps(experiments: Experiments, name: str, metrics: Mapping[str, str]) -> tuple[Finding, ...]:
    return tuple(
        Finding(title, experiments.metric(name, metric), 0.0, "points", COMMAND) for metric, title in metrics.items()
    )


def _arms(experiments: Experiments, name: str) -> str:
    """How the arms of an experiment were run, as the beginning of a sentence."""
    said = {key: experiments.fact(name, key) for key in ("base", "side", "epochs", "seeds")}
    if None in said.values():
        return "One recipe trained with several seeds"
    return f"{said['base']} at {said['side']} pixels for {said['epochs']} epochs, {said['seeds']} seeds"


def _grows(experiments: Experiments) -> Hypothesis:
    exponent = experiments.metric("growth", "exponent")
    law = f"; the errors fall as the groups to the power of {-exponent.value:.2f}" if exponent else ""
    shares = experiments.fact("growth", "shares", [])
    return Hypothesis(
        "growth",
        "Does accuracy grow with data?",
        f"{_arms(experiments, 'growth')}, on a part of the training groups and on all of them, in about as many steps. "
        f"The test is the difference in accuracy on the same test groups{law}.",
        tuple(
            Finding(f"all groups minus {share:.0%}", experiments.metric("growth", f"gain@from:{share:g}"), 0.0,
                    "points", COMMAND)
            for share in shares or (0.1,) if share < 1
        ),
    )  # fmt: skip


def _classifies(report: Report) -> Hypothesis:
    bars = {
        "macro_f1": ("macro F1", TARGET_MACRO_F1),
        "tumor_sensitivity": ("tumour sensitivity", TARGET_SENSITIVITY),
        "accuracy": ("accuracy", commonest_share(report)),
    }
    unfit = ""
    if not report.tells_kinds:
        unfit = f"Version {report.version} tells tumour from none and no kinds, so it cannot say. Choose another."
    elif report.leaks:
        unfit = f"The test images of {report.version} are of a split that leaks, so they cannot say. Choose another."
    return Hypothesis(
        "classifies",
        "Does a convolutional network tell the four classes apart?",
        "Accuracy, macro F1 and tumour sensitivity on the test images, of patients and near-duplicates the model never "
        "saw. The client asked for a macro F1 of "
        f"{TARGET_MACRO_F1:.0%} and for {TARGET_SENSITIVITY:.0%} of tumours found; accuracy has to beat always "
        "naming the commonest class.",
        () if unfit else tuple(
            Finding(title, report.metric(_EVIDENCE, name), bar, command=report.remedy)
            for name, (title, bar) in bars.items()
        ),
        unfit,
    )  # fmt: skip


def _leaks(report: Report, random: Report, official: Report) -> Hypothesis:
    ours = report.metric(_EVIDENCE, "macro_f1")
    findings = tuple(
        Finding(
            f"{name} minus group split",
            None if ours is None or theirs is None else difference(theirs, ours),
            0.0,
            "points",
            (report if ours is None else leaky).remedy,
        )
        for name, leaky in (("random", random), ("official", official))
        for theirs in (leaky.metric(_EVIDENCE, "macro_f1"),)
    )
    return Hypothesis(
        "leaks",
        "Does keeping patients together lower the score?",
        f"One recipe ({report.version}) trained under two splits that put images of one patient on both sides, and "
        "under the split by group. The test is the difference in macro F1 on each split's own test images, its "
        "interval joined from the intervals of the two scores.",
        findings,
    )


def commonest_share(report: Report) -> float:
    """Share of the commonest class in the test images: what naming it always would score; chance where unknown."""
    rows = [sum(row) for row in report.curves[_EVIDENCE].confusion] if _EVIDENCE in report.curves else []
    return max(rows) / sum(rows) if sum(rows) else 1 / len(CLASSES)
