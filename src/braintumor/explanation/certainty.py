"""Sentences about how certain a result is, and what speaks against it."""

from collections.abc import Iterator
from typing import Final

from braintumor.enums import Plane, TumorClass, Verdict
from braintumor.explanation import phrases
from braintumor.explanation.facts import Figure, ReadingFacts
from braintumor.explanation.finding import describe_place
from braintumor.explanation.languages import Translator
from braintumor.explanation.terms import Doubt, InputWarning

# A probability that is less than this beyond a threshold is called close to it.
_CLOSE: Final = 0.05


def describe_certainty(facts: ReadingFacts, t: Translator) -> Iterator[str]:
    """Say how certain the result is: probability, prediction set, similar scans and measured figures."""
    if facts.rejection is not None:
        return
    yield _probability(facts, t)
    if facts.prediction_set:
        yield t.gettext(
            "Classes that cannot be ruled out (95% prediction set): {classes}.", classes=t.join(_name_classes(facts, t))
        )
    if facts.neighbors is not None and not _neighbors_disagree(facts):
        yield _neighbors(facts, t)
    if facts.sensitivity is not None:
        yield _sensitivity(facts, facts.sensitivity, t)
    if facts.false_alarm_rate is not None:
        yield _false_alarms(facts, facts.false_alarm_rate, t)


def describe_objections(facts: ReadingFacts, t: Translator) -> Iterator[str]:
    """Say what speaks against the result, and what is unusual about the file."""
    if facts.rejection is None:
        contradictions = list(_contradictions(facts, t))
        yield from contradictions
        if not contradictions and facts.verdict is not Verdict.UNCERTAIN:
            yield t.gettext("None of the figures of this reading contradicts the result.")
    for warning in facts.warnings:
        if not (warning is InputWarning.MAY_BE_TURNED and facts.doubt is Doubt.TURNED):
            yield t.gettext(phrases.WARNINGS[warning])


def _contradictions(facts: ReadingFacts, t: Translator) -> Iterator[str]:
    if facts.doubt is not None and facts.doubt in phrases.DOUBTS:
        yield t.gettext(phrases.DOUBTS[facts.doubt])
    if facts.doubt is Doubt.BETWEEN_THRESHOLDS:
        yield t.gettext("The probability lies between the two thresholds.")
    elif _is_close(facts):
        yield t.gettext("The probability lies close to the threshold.")
    if facts.verdict is Verdict.NO_TUMOR_FOUND:
        if facts.has_outline:
            yield t.gettext("The model outlined an area although it finds no tumour.")
            yield from describe_place(facts, t)
        if any(label.is_tumor for label in facts.prediction_set):
            yield t.gettext("A tumour cannot be ruled out (95% prediction set).")
    if facts.verdict is Verdict.TUMOR_SUSPECTED:
        if facts.has_outline is False:
            yield t.gettext("The model outlined no area although it suspects a tumour.")
        if TumorClass.NOTUMOR in facts.prediction_set:
            yield t.gettext('The class "no tumour" cannot be ruled out (95% prediction set).')
    if facts.map_agrees is False and facts.verdict is not Verdict.NO_TUMOR_FOUND:
        yield t.gettext("The heat map is strongest outside the outlined area.")
    if facts.planes_agree is False and facts.doubt is not Doubt.PLANES_DISAGREE:
        yield t.gettext(phrases.DOUBTS[Doubt.PLANES_DISAGREE])
    if _neighbors_disagree(facts):
        yield _neighbors(facts, t)


def _probability(facts: ReadingFacts, t: Translator) -> str:
    probability = t.percent(facts.tumor_probability)
    if facts.rule_in is None or facts.rule_out is None:
        return t.gettext("The calibrated tumour probability is {probability}.", probability=probability)
    limits = {"rule_in": t.percent(facts.rule_in), "rule_out": t.percent(facts.rule_out)}
    if facts.kind == "study":
        return t.gettext(
            "The study score is {probability}. At {rule_in} or more a tumour is suspected, at {rule_out} or less no "
            "tumour is found.",
            probability=probability, **limits,
        )  # fmt: skip
    return t.gettext(
        "The calibrated tumour probability is {probability}. At {rule_in} or more a tumour is suspected, at {rule_out} "
        "or less no tumour is found.",
        probability=probability, **limits,
    )  # fmt: skip


def _is_close(facts: ReadingFacts) -> bool:
    if facts.verdict is Verdict.TUMOR_SUSPECTED and facts.rule_in is not None:
        return facts.tumor_probability - facts.rule_in < _CLOSE
    if facts.verdict is Verdict.NO_TUMOR_FOUND and facts.rule_out is not None:
        return facts.rule_out - facts.tumor_probability < min(_CLOSE, facts.rule_out / 2)
    return False


def _name_classes(facts: ReadingFacts, t: Translator) -> Iterator[str]:
    if facts.is_multiclass:
        yield from (t.gettext(phrases.CLASSES[label]) for label in facts.prediction_set)
        return
    if any(label.is_tumor for label in facts.prediction_set):
        yield t.gettext(phrases.ANY_TUMOR)
    if TumorClass.NOTUMOR in facts.prediction_set:
        yield t.gettext(phrases.CLASSES[TumorClass.NOTUMOR])


def _neighbors_disagree(facts: ReadingFacts) -> bool:
    """Whether fewer than half of the most similar training scans agree with the verdict."""
    if facts.neighbors is None:
        return False
    tumors, count = facts.neighbors.tumors, facts.neighbors.count
    if facts.verdict is Verdict.TUMOR_SUSPECTED:
        return 2 * tumors < count
    return facts.verdict is Verdict.NO_TUMOR_FOUND and 2 * tumors > count


def _neighbors(facts: ReadingFacts, t: Translator) -> str:
    assert facts.neighbors is not None
    return t.gettext(
        "Most similar training scans with a tumour: {tumors} of {count}.",
        tumors=facts.neighbors.tumors, count=facts.neighbors.count,
    )  # fmt: skip


def _sensitivity(facts: ReadingFacts, figure: Figure, t: Translator) -> str:
    share = _share(figure, t)
    if facts.kind == "study":
        return t.gettext("In tests, the model suspected a tumour in {share} of the studies with a tumour.", share=share)
    if figure.plane is not None and figure.plane is not Plane.UNKNOWN:
        return t.gettext("In tests, it recognized {share} of the tumours on slices of this plane.", share=share)
    return t.gettext("In tests, it recognized {share} of the tumours on single slices.", share=share)


def _false_alarms(facts: ReadingFacts, figure: Figure, t: Translator) -> str:
    share = _share(figure, t)
    if facts.kind == "study":
        return t.gettext("In tests, it wrongly suspected a tumour in {share} of the studies without one.", share=share)
    if figure.plane is not None and figure.plane is not Plane.UNKNOWN:
        return t.gettext(
            "It wrongly reported a tumour on {share} of the tumour-free slices of this plane.", share=share
        )
    return t.gettext("It wrongly reported a tumour on {share} of the tumour-free slices.", share=share)


def _share(figure: Figure, t: Translator) -> str:
    """Write a figure with its interval and its number of slices or studies.

    An interval without width, as resampling gives for 0 and 100%, would claim a certainty that there is not.
    """
    value = t.percent(figure.value)
    if figure.n is None:
        return value
    if figure.low is None or figure.high is None or figure.low == figure.high:
        return t.gettext("{value} (n = {n})", value=value, n=figure.n)
    low, high = t.percent(figure.low), t.percent(figure.high)
    return t.gettext("{value} (95% CI {low} to {high}; n = {n})", value=value, low=low, high=high, n=figure.n)
