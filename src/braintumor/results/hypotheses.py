"""The six hypotheses about the classes and the models, each with a test that may fail."""

from collections.abc import Mapping
from typing import Final

from braintumor.enums import CLASSES, TumorClass
from braintumor.results.effect_size import ClassAverage, max_cohens_d, subtract_estimates
from braintumor.results.hypothesis_status import Experiments, Hypothesis, HypothesisResult
from braintumor.results.metric import Metric
from braintumor.results.version import VersionReport

HYPOTHESES_COMMAND: Final = "braintumor ablate hypotheses"
# Requirements of the client.
TARGET_MACRO_F1: Final = 0.95
TARGET_SENSITIVITY: Final = 0.98
# A medium effect, visible to the naked eye of a careful observer (Cohen 1992, A power primer).
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
    """Test all six hypotheses.

    Parameters
    ----------
    report : VersionReport
        The version to judge.
    random_report, official_report : VersionReport
        The same recipe under the two protocols that leak.
    averages : mapping of TumorClass to ClassAverage
        Empty if the data set was not explored.
    experiments : Experiments
    group_report : VersionReport, optional
        If the two leaky runs are of another version than `report`: that version under the protocol `group`.
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
    no_tumor = averages.get(TumorClass.NOTUMOR)
    classified = HypothesisResult(
        "group averages classified correctly", experiments.metric("visible", "told"),
        float(experiments.detail("visible", "chance", 1 / len(CLASSES))), command=HYPOTHESES_COMMAND,
    )  # fmt: skip
    effects = tuple(
        HypothesisResult(
            f"{tumor.title} against no tumour",
            None if no_tumor is None or tumor not in averages else max_cohens_d(averages[tumor], no_tumor),
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
        "For each tumour class: the largest standardized difference (Cohen's d) of any pixel between its average image "
        "and that of the tumour-free scans, with a simultaneous interval over all pixels and groups as sample size. "
        "The target, half a standard deviation, is visible to a careful observer. In addition, the average image of "
        "each group is classified by the nearest class average of the other groups; the target is the 95th percentile "
        "under random relabellings of the groups. The tumour-free scans come from another source dataset, so a "
        "difference may be due to the scanner and not to the disease.",
        (*effects, classified),
    )


def _augmentation_hypothesis(experiments: Experiments) -> Hypothesis:
    return Hypothesis(
        "augmentation",
        "Does augmentation help?",
        f"{_describe_training(experiments, 'augmentation')}, with and without random geometric and intensity "
        "augmentation. The test is the difference in accuracy on the test split and in sensitivity on the external "
        "set, over groups and seeds.",
        _difference_results(
            experiments, "augmentation", {"accuracy": "accuracy", "external_sensitivity": "external sensitivity"}
        ),
    )


def _mask_hypothesis(experiments: Experiments, report: VersionReport) -> Hypothesis:
    has_mask = report.metric(_TEST_SPLIT, "pointing_game") is not None
    class_map = None if has_mask else report.metric(_TEST_SPLIT, "map_pointing_game")
    comparison = f" For {report.version}, which has no mask, it is {class_map.describe()}." if class_map else ""
    return Hypothesis(
        "masks",
        "Does training with tumour masks improve localization?",
        f"{_describe_training(experiments, 'masks')}, with and without the mask loss. The test is the difference in "
        "the pointing game (whether the most certain pixel of the mask, or of the heat map if there is no mask, is "
        f"inside the tumour) and in sensitivity on the external set.{comparison}",
        _difference_results(
            experiments, "masks", {"pointing_game": "pointing game", "external_sensitivity": "external sensitivity"}
        ),
    )


def _difference_results(
    experiments: Experiments, name: str, metrics: Mapping[str, str]
) -> tuple[HypothesisResult, ...]:
    return tuple(
        HypothesisResult(title, experiments.metric(name, metric), 0.0, "points", HYPOTHESES_COMMAND)
        for metric, title in metrics.items()
    )


def _describe_training(experiments: Experiments, name: str) -> str:
    """Describe how the models of an experiment were trained, as the start of a sentence."""
    details = {key: experiments.detail(name, key) for key in ("base", "side", "epochs", "seeds")}
    if None in details.values():
        return "One recipe trained with several seeds"
    return f"{details['base']} at {details['side']} pixels, {details['epochs']} epochs, {details['seeds']} seeds"


def _data_size_hypothesis(experiments: Experiments) -> Hypothesis:
    exponent = experiments.metric("growth", "exponent")
    power = Metric(-exponent.value).plain() if exponent else ""
    power_law = f" The error rate is proportional to the number of groups to the power of {power}." if power else ""
    shares = [share for share in experiments.detail("growth", "shares", []) or (0.1,) if share < 1]
    return Hypothesis(
        "growth",
        "Does more data improve accuracy?",
        f"{_describe_training(experiments, 'growth')}, on some and on all of the training groups, with about the same "
        f"number of steps. The test is the difference in accuracy on the same test groups.{power_law}",
        tuple(
            HypothesisResult(
                f"all groups compared with {share:.0%} of them",
                experiments.metric("growth", f"gain@from:{share:g}"),
                0.0,
                "points",
                HYPOTHESES_COMMAND,
            )
            for share in shares
        ),
    )


def _classification_hypothesis(report: VersionReport) -> Hypothesis:
    targets = {
        "macro_f1": ("macro F1", TARGET_MACRO_F1),
        "tumor_sensitivity": ("tumour sensitivity", TARGET_SENSITIVITY),
        "accuracy": ("accuracy", most_frequent_class_share(report)),
    }
    not_applicable = ""
    if not report.is_multiclass:
        not_applicable = f"Version {report.version} does not predict the tumour type. Choose another version."
    elif report.has_leakage:
        not_applicable = f"The test split of {report.version} leaks, so it cannot answer this. Choose another version."
    return Hypothesis(
        "classifies",
        "Can a convolutional network distinguish the four classes?",
        "Accuracy, macro F1 and tumour sensitivity on test images whose patients and near-duplicates are not in the "
        f"training split. Requirements: a macro F1 of {TARGET_MACRO_F1:.0%} and a tumour sensitivity of "
        f"{TARGET_SENSITIVITY:.0%}. Accuracy has to exceed that of always predicting the most frequent class.",
        () if not_applicable else tuple(
            HypothesisResult(title, report.metric(_TEST_SPLIT, name), target, command=report.evaluate_command)
            for name, (title, target) in targets.items()
        ),
        not_applicable,
    )  # fmt: skip


def _leakage_hypothesis(
    report: VersionReport, random_report: VersionReport, official_report: VersionReport
) -> Hypothesis:
    own = report.metric(_TEST_SPLIT, "macro_f1")
    leaky = {"random": random_report, "official": official_report}
    scores = {name: other.metric(_TEST_SPLIT, "macro_f1") for name, other in leaky.items()}
    results = tuple(
        HypothesisResult(
            f"{name} split minus group split",
            None if own is None or score is None else subtract_estimates(score, own),
            0.0,
            "points",
            (report if own is None else leaky[name]).evaluate_command,
        )
        for name, score in scores.items()
    )
    return Hypothesis(
        "leaks",
        "Does splitting by patient lower the score?",
        f"One recipe ({report.version}), trained under two protocols that put images of a patient into both training "
        "and test split, and under the split by group. The test is the difference in macro F1, each on its own test "
        "split, with an interval combined from those of the two scores.",
        results,
    )


def most_frequent_class_share(report: VersionReport) -> float:
    """Return the accuracy of always predicting the most frequent class of the test split; chance if it is unknown."""
    rows = [sum(row) for row in report.curves[_TEST_SPLIT].confusion] if _TEST_SPLIT in report.curves else []
    return max(rows) / sum(rows) if sum(rows) else 1 / len(CLASSES)
