"""Numbers that an answer about a reading may contain, with the topics they belong to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from braintumor.enums import TumorClass
from braintumor.explanation.facts import Figure, ReadingFacts
from braintumor.inference.model_card import ModelCard

Unit = Literal["share", "mm", "mm2", "ml", "px", "score", "count"]


@dataclass(frozen=True, slots=True)
class AllowedNumber:
    """A number of a reading.

    Attributes
    ----------
    value : float
        Shares from 0 to 1, lengths in mm.
    unit : Unit
    topics : frozenset of str
        What it belongs to: names of `class` and `topic` in the lexicons.
    """

    value: float
    unit: Unit
    topics: frozenset[str]


def collect_allowed_numbers(facts: ReadingFacts, card: ModelCard | None = None) -> tuple[AllowedNumber, ...]:
    """Return all numbers of a reading and the public numbers of its model card."""
    numbers = [*_probabilities(facts), *_sizes(facts), *_counts(facts), *_accuracy(facts)]
    return tuple(numbers + (list(_card_numbers(card)) if card else []))


def _number(value: float | None, unit: Unit, *topics: str) -> Iterator[AllowedNumber]:
    if value is not None:
        yield AllowedNumber(float(value), unit, frozenset(topics))


def _probabilities(facts: ReadingFacts) -> Iterator[AllowedNumber]:
    if facts.verdict.has_result:
        yield from _number(facts.tumor_probability, "share", "probability", "slices")
        for name, value in facts.class_probabilities.items():
            yield from _number(value, "share", "notumor" if name is TumorClass.NOTUMOR else str(name))
        for limit in (facts.rule_out, facts.rule_in):
            yield from _number(limit, "share", "threshold")
        yield from _number(0.95, "share", "prediction_set")
    yield from _number(facts.ood_score, "score", "ood")
    yield from _number(facts.ood_rejected_at, "score", "threshold")


def _sizes(facts: ReadingFacts) -> Iterator[AllowedNumber]:
    yield from _number(facts.diameter_mm, "mm", "diameter")
    yield from _number(facts.extent_mm, "mm", "diameter", "slices")
    yield from _number(facts.diameter_pixels, "px", "diameter")
    yield from _number(facts.area_mm2, "mm2", "area")
    yield from _number(facts.volume_ml, "ml", "volume")
    yield from _number(facts.slice_share, "share", "share", "area", "slices")


def _counts(facts: ReadingFacts) -> Iterator[AllowedNumber]:
    if facts.slices is not None:
        slices = facts.slices
        counts = (slices.judged, slices.outside, slices.rejected, slices.reformatted, slices.unreadable, slices.unread)
        for count in {*counts, sum(counts)}:
            yield from _number(count, "count", "slices")
    for key in facts.key_slices:
        yield from _number(key.number, "count", "slices")
        yield from _number(key.tumor_probability, "share", "slices")
    for number in (facts.lesion_first, facts.lesion_last):
        yield from _number(number, "count", "slices")
    if facts.neighbors is not None:
        yield from _number(facts.neighbors.count, "count", "neighbors")
        yield from _number(facts.neighbors.tumors, "count", "neighbors")
        if facts.tumor_class is not None:
            yield from _number(facts.neighbors.same_class, "count", str(facts.tumor_class))


def _accuracy(facts: ReadingFacts) -> Iterator[AllowedNumber]:
    figures: tuple[tuple[str, Figure | None], ...] = (
        ("sensitivity", facts.sensitivity),
        ("false_alarm", facts.false_alarm_rate),
    )
    for topic, figure in figures:
        if figure is not None:
            for share in (figure.value, figure.low, figure.high):
                yield from _number(share, "share", topic)
            yield from _number(0.95, "share", topic)  # its confidence interval
            yield from _number(figure.n, "count", topic, "slices")


def _card_numbers(card: ModelCard) -> Iterator[AllowedNumber]:
    yield from _number(card.parameters, "count", "parameters")
    by_class = card.data.counts.get("train", {})
    for count in {*by_class.values(), sum(by_class.values())} - {0}:
        yield from _number(count, "count", "training")
