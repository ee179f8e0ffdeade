"""Explanations say what the facts say: numbers, verdict and place, in a medical tone, in every language."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from braintumor.enums import Plane, TumorClass, Verdict
from braintumor.explanation import LANGUAGES, ReadingFacts, choose_language, write_explanation
from braintumor.explanation.languages import translator
from braintumor.explanation.phrases import REGIONS, SIDES, SLICE_PHRASES
from braintumor.explanation.terms import Doubt, ImagePosition, LocatedBy, Region, Side
from tests.helpers.explanation_facts.strategies import make_facts, readings

# Beginnings of words about treatment and prognosis, which no explanation may contain.
FORBIDDEN = {
    "en": "treat therap surg operat chemo radiother irradiat biops medicat drug dose prognos surviv cure resect",
    "de": "behandl therap chirurg operati chemo bestrahl biops medikament dosis prognos überleb heil resek",
    "fr": "trait thérap chirurg opérat chimio radiothér biops médicament dose pronos survi guéri résec",
    "es": "trata terap cirug operaci quimio radioter biops medicament dosis pronós superviv curar resec",
    "ar": "علاج جراح دواء أدوية كيميائي إشعاع خزعة جرعة إنذار شفاء استئصال",
    "ur": "علاج سرجری دوا آپریشن کیمو تابکاری بایوپسی خوراک شفا",
}
# The confidence level, and the shares that are written as less or more than.
CONSTANTS = {"95", "0.1", "99.9"}
VERDICTS = {
    Verdict.TUMOR_SUSPECTED: "{subject}, the model suspects a tumour.",
    Verdict.NO_TUMOR_FOUND: "{subject}, the model finds no tumour.",
    Verdict.UNCERTAIN: "{subject}, the model cannot decide whether there is a tumour.",
}


def _numbers(value: Any) -> Iterator[str]:
    """Yield how the numbers in the facts may be written."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _numbers(item)
    elif isinstance(value, list):
        for item in value:
            yield from _numbers(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from (f"{value:.0f}", f"{value:.1f}", f"{100 * value:.1f}")


def _sums(facts: ReadingFacts) -> set[str]:
    return {str(facts.slices.rejected + facts.slices.reformatted)} if facts.slices else set()


@pytest.mark.parametrize(("glioma", "is_uncertain"), [(0.38, True), (0.5, False)])
def test_type_below_half_is_called_uncertain(glioma: float, is_uncertain: bool) -> None:
    shares = {TumorClass.GLIOMA: glioma, TumorClass.MENINGIOMA: 0.37, TumorClass.PITUITARY: 0.12}
    facts = make_facts(verdict=Verdict.TUMOR_SUSPECTED, class_probabilities=shares)
    assert ("The type is uncertain." in str(write_explanation(facts, "en"))) == is_uncertain


@given(facts=readings(), language=st.sampled_from(list(LANGUAGES)))
@settings(max_examples=120, deadline=None)
def test_every_number_of_the_text_is_one_of_the_facts(facts: ReadingFacts, language: str) -> None:
    text = str(write_explanation(facts, language)).replace(",", ".")
    stated = set(re.findall(r"\d+(?:\.\d+)?", text))
    assert stated <= {*_numbers(facts.to_dict()), *CONSTANTS, *_sums(facts)}


@given(facts=readings(), language=st.sampled_from(list(LANGUAGES)))
@settings(max_examples=120, deadline=None)
def test_text_states_the_verdict_and_no_other(facts: ReadingFacts, language: str) -> None:
    t, text = translator(language), str(write_explanation(facts, language))
    subjects = [t.gettext(phrase) for phrase in (*SLICE_PHRASES.values(), "In this study")]
    stated = {
        verdict
        for verdict, message in VERDICTS.items()
        if any(t.gettext(message, subject=subject) in text for subject in subjects)
    }
    assert stated == ({facts.verdict} if facts.verdict.has_result else set())
    if not facts.verdict.has_result:
        assert "%" not in text


@given(facts=readings(), language=st.sampled_from(list(LANGUAGES)))
@settings(max_examples=120, deadline=None)
def test_text_advises_no_treatment_and_keeps_western_digits(facts: ReadingFacts, language: str) -> None:
    text = str(write_explanation(facts, language)).lower()
    pattern = rf"\b(?:{'|'.join(FORBIDDEN[language].split())})"
    assert re.findall(pattern, text) == []
    assert re.findall(r"[٠-٩۰-۹{}]", text) == []


def test_side_and_region_are_named_with_how_they_are_known() -> None:
    facts = make_facts(
        plane=Plane.AXIAL, is_oriented=True, side=Side.PATIENT_LEFT, region=Region.TEMPORAL,
        position=ImagePosition.MIDDLE_RIGHT, located_by=LocatedBy.OUTLINE, has_outline=True, diameter_mm=34.2,
    )  # fmt: skip
    finding, size, *_ = write_explanation(facts).paragraphs
    assert finding.sentences[2:] == (
        f"The outlined area lies {SIDES[Side.PATIENT_LEFT]}, {REGIONS[Region.TEMPORAL]}.",
        "The region is estimated from the position in the head, not taken from an atlas.",
    )
    assert size.sentences == ("The longest diameter of the outlined area is 34 mm.",)


def test_numbers_are_written_as_in_the_language() -> None:
    facts = make_facts(tumor_probability=0.9312)
    assert "93.1%" in str(write_explanation(facts, "en"))
    assert "93,1\N{NO-BREAK SPACE}%" in str(write_explanation(facts, "de"))
    assert "93.1%" in str(write_explanation(facts, "ar"))


def test_share_that_is_not_everything_does_not_read_so() -> None:
    facts = make_facts(tumor_probability=0.99996)
    assert "is more than 99.9%" in str(write_explanation(facts))


def test_reason_for_doubt_comes_first_in_what_speaks_against_it() -> None:
    facts = make_facts(Verdict.UNCERTAIN, doubt=Doubt.UNUSUAL)
    objections = next(p for p in write_explanation(facts).paragraphs if p.topic == "objections")
    assert objections.sentences[0].startswith("The scan is unusual")


def test_language_is_chosen_by_the_quality_of_the_header() -> None:
    assert choose_language("pt-BR, de-CH;q=0.8, fr;q=0.9") == "fr"
    assert choose_language("ur-PK") == "ur"
    assert choose_language("de;q=0, ja") == "en"
    assert choose_language(";;q=x,") == "en"
    assert choose_language(None) == "en"


def test_unknown_language_is_refused_with_the_languages_there_are() -> None:
    with pytest.raises(ValueError, match="Choose one of: en, de, fr, es, ar, ur"):
        write_explanation(make_facts(), "it")
