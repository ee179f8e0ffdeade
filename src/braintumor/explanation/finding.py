"""Sentences about what the model sees, where it lies, and how large it is."""

from collections.abc import Iterator
from typing import Final

from braintumor.enums import Plane, TumorClass, Verdict
from braintumor.explanation import phrases
from braintumor.explanation.facts import ReadingFacts
from braintumor.explanation.languages import Translator
from braintumor.explanation.terms import ImagePosition, LocatedBy, Rejection

_MIDDLE: Final = (ImagePosition.UPPER_CENTER, ImagePosition.CENTER, ImagePosition.LOWER_CENTER)


def describe_result(facts: ReadingFacts, t: Translator) -> Iterator[str]:
    """Say what the model sees, and where."""
    if facts.rejection is not None:
        yield t.gettext(_rejection(facts, facts.rejection))
        return
    subject = t.gettext("In this study") if facts.kind == "study" else t.gettext(phrases.SLICE_PHRASES[facts.plane])
    if facts.verdict is Verdict.TUMOR_SUSPECTED:
        yield t.gettext("{subject}, the model suspects a tumour.", subject=subject)
        yield from _tumor_type(facts, t)
    elif facts.verdict is Verdict.NO_TUMOR_FOUND:
        yield t.gettext("{subject}, the model finds no tumour.", subject=subject)
    else:
        yield t.gettext("{subject}, the model cannot decide whether there is a tumour.", subject=subject)
    if facts.verdict is not Verdict.NO_TUMOR_FOUND:
        yield from describe_place(facts, t)


def describe_place(facts: ReadingFacts, t: Translator) -> Iterator[str]:
    """Say where the outlined region, or else the peak of the heat map, lies, and how that is known."""
    place = name_place(facts, t)
    if not place:
        return
    if facts.located_by is LocatedBy.OUTLINE:
        yield t.gettext("The outlined area lies {place}.", place=place)
    else:
        yield t.gettext("The evidence for a tumour is strongest {place}.", place=place)
    if facts.region is not None:
        yield t.gettext("The region is estimated from the position in the head, not taken from an atlas.")
    elif facts.side is None and facts.position not in _MIDDLE:
        yield t.gettext("Left and right are those of the image, not of the patient.")


def name_place(facts: ReadingFacts, t: Translator) -> str:
    """Return side and region, else the position in the image; empty if neither is known."""
    parts = []
    if facts.side is not None:
        parts.append(phrases.SIDES[facts.side])
    if facts.region is not None:
        parts.append(phrases.REGIONS[facts.region])
    elif facts.position is not None and facts.side is None:
        parts.append(phrases.POSITIONS[facts.position])
    return t.join(map(t.gettext, parts))


def describe_size(facts: ReadingFacts, t: Translator) -> Iterator[str]:
    """Say how large the outlined area is; nothing if there is none."""
    if not facts.has_outline or facts.rejection is not None:
        return
    if facts.kind == "study":
        yield from _study_extent(facts, t)
    if facts.diameter_mm is not None:
        yield t.gettext(
            "The longest diameter of the outlined area is {diameter} mm.", diameter=t.number(facts.diameter_mm)
        )
    if facts.area_mm2 is not None:
        yield t.gettext("Its area is {area} mm².", area=t.number(facts.area_mm2))
    if facts.volume_ml is not None:
        yield t.gettext("Its volume is about {volume} ml.", volume=t.number(facts.volume_ml, 1))
    if facts.slice_share is not None:
        yield t.gettext("The outlined area covers {share} of the image.", share=t.percent(facts.slice_share))
    if facts.diameter_mm is None:
        yield t.gettext("Its size in millimetres is not known, because the file does not state the size of a pixel.")


def _study_extent(facts: ReadingFacts, t: Translator) -> Iterator[str]:
    first, last = facts.lesion_first, facts.lesion_last
    if first is None or last is None:
        return
    if first == last:
        yield t.gettext("The area is outlined on slice {number} only.", number=first)
    else:
        yield t.gettext("The area is outlined on slices {first} to {last}.", first=first, last=last)


def _tumor_type(facts: ReadingFacts, t: Translator) -> Iterator[str]:
    if not facts.class_probabilities:
        yield t.gettext("This model does not predict the type of tumour.")
        return
    tumors = [label for label in TumorClass if label.is_tumor]
    likely = max(tumors, key=lambda label: facts.class_probabilities.get(label, 0.0))
    probability = facts.class_probabilities[likely]
    yield t.gettext(
        "The most likely type is {type}, with a probability of {probability}.",
        type=t.gettext(phrases.CLASSES[likely]), probability=t.percent(probability),
    )  # fmt: skip
    if probability < 0.5:
        yield t.gettext("The type is uncertain.")


def _rejection(facts: ReadingFacts, rejection: Rejection) -> str:
    own = phrases.STUDY_REJECTIONS if facts.kind == "study" else phrases.REJECTIONS
    return own.get(rejection, phrases.REJECTIONS[rejection])


def name_slice(plane: Plane, number: int, t: Translator) -> str:
    """Return a slice of a study, such as `axial slice 12`."""
    return t.gettext(phrases.NUMBERED_SLICES[plane], number=number)
