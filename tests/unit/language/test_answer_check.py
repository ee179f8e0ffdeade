"""Untrue sentences in permitted words are recognized, sentence by sentence."""

import pytest

from braintumor.explanation.facts import ReadingFacts
from braintumor.language.allowed_numbers import collect_allowed_numbers
from braintumor.language.answer_check import AnswerCheck, Outcome, remove_markdown
from braintumor.language.lexicon import load_lexicon
from tests.helpers.language.facts import MENINGIOMA, NO_TUMOR, UNCERTAIN
from tests.helpers.language.untrue import UNTRUE, UNTRUE_OF_NO_TUMOR, UNTRUE_OF_UNCERTAIN


def _shown(facts: ReadingFacts, language: str, sentences: tuple[str, ...]) -> list[str]:
    check = AnswerCheck(facts, collect_allowed_numbers(facts), load_lexicon(language))
    return [each for each in sentences if check.check(remove_markdown(each)) is Outcome.SHOWN]


@pytest.mark.parametrize("language", UNTRUE)
def test_untrue_sentences_are_not_shown(language: str) -> None:
    assert _shown(MENINGIOMA, language, UNTRUE[language]) == []


def test_untrue_sentences_about_other_verdicts_are_not_shown() -> None:
    assert _shown(NO_TUMOR, "en", UNTRUE_OF_NO_TUMOR) == []
    assert _shown(UNCERTAIN, "en", UNTRUE_OF_UNCERTAIN) == []
