"""Check one sentence of an answer before a reader sees it."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

from braintumor.explanation.facts import ReadingFacts
from braintumor.language.allowed_numbers import AllowedNumber
from braintumor.language.claim_check import find_contradiction
from braintumor.language.lexicon import WORD, Lexicon, normalize
from braintumor.language.number_check import has_only_allowed_numbers
from braintumor.language.sentences import split_sentences

MAX_SENTENCE: Final = 400
_SIGNS: Final = frozenset(" .,;:!?()'\"%+-–—/«»„“”‘’؟،؛۔٪٫٬²³\u00a0\u202f\u200c\u200d\u200e\u200f")
MARKUP: Final = re.compile(
    r"://|\bwww\b|\b\w+\.(?:com|org|net|io|de|fr|es|info|html?|php)\b|[<>\[\]{}|\\`@$]", re.IGNORECASE
)
# Emphasis, bullets and headings of Markdown, which the page does not show.
_MARKDOWN: Final = re.compile(r"\*+|^\s*(?:[-•#]+|\d{1,2}[.)])(?:\s+|$)|`|(?<!\w)_+|_+(?!\w)")
_PROHIBITED: Final = ("treatment", "prognosis", "malignancy", "reassurance", "people")
# Groups and concepts of the lexicon that `find_contradiction` compares with the facts.
_CONTENT_GROUPS: Final = ("class.", "plane.", "side.", "region.", "topic.")
_CONTENT_CONCEPTS: Final = frozenset(
    {"tumor", "suspected", "uncertain", "disclaimer", "reader", "mri", "warning", "doubt", "neutral", "aspect"}
)
# Share of unknown words above which a sentence is in another language.
_OTHER_LANGUAGE: Final = 0.5
_MIN_LANGUAGE_WORDS: Final = 3


class Outcome(StrEnum):
    """What becomes of a sentence, or why the whole answer is replaced."""

    SHOWN = "shown"
    LEFT_OUT = "left out"
    NUMBER = "number"
    VERDICT = "verdict"
    CLASS = "class"
    PLACE = "place"
    CERTAINTY = "certainty"
    ADVICE = "advice"
    LANGUAGE = "language"
    MARKUP = "markup"
    LENGTH = "length"
    UNCHECKED = "unchecked"


def remove_markdown(sentence: str) -> str:
    """Remove Markdown emphasis, bullets and surplus spaces."""
    return " ".join(_MARKDOWN.sub("", sentence).split())


@dataclass(frozen=True)
class AnswerCheck:
    """Compares sentences with the facts of one reading.

    An answer may use only words of the lexicon, so that names, findings and advice outside it are left out.

    Parameters
    ----------
    facts : ReadingFacts
    numbers : sequence of AllowedNumber
        Of `collect_allowed_numbers`.
    lexicon : Lexicon
        Of the language asked for.
    explanation : str
        The explanation in that language, whose sentences may be repeated.
    """

    facts: ReadingFacts
    numbers: Sequence[AllowedNumber]
    lexicon: Lexicon
    explanation: str = ""

    @cached_property
    def trusted_sentences(self) -> frozenset[str]:
        """Sentences of the explanation, and that a question is not answered by the facts; normalized."""
        own = f"{self.explanation}\n{self.lexicon.messages['unknown']}"
        return frozenset(normalize(remove_markdown(each)) for each in split_sentences([own], MAX_SENTENCE))

    def check(self, sentence: str) -> Outcome:
        """Return what becomes of a sentence that `remove_markdown` returned."""
        if len(sentence) > MAX_SENTENCE:
            return Outcome.LENGTH
        if MARKUP.search(unicodedata.normalize("NFKC", sentence)):
            return Outcome.MARKUP
        text = normalize(sentence)
        if text in self.trusted_sentences:
            return Outcome.SHOWN
        if any(self.lexicon.has(f"forbidden.{topic}", text) for topic in _PROHIBITED):
            return Outcome.ADVICE
        words = WORD.findall(text)
        unknown = self._unknown_words(text)
        if len(words) >= _MIN_LANGUAGE_WORDS and len(unknown) > _OTHER_LANGUAGE * len(words):
            return Outcome.LANGUAGE
        if not has_only_allowed_numbers(text, self.lexicon, self.numbers, self.facts.model_version):
            return Outcome.NUMBER
        contradiction = find_contradiction(text, self.lexicon, self.facts)
        if contradiction is not None:
            return Outcome(contradiction)
        is_understood = not unknown and self._has_content(text) and "?" not in text and _is_readable(sentence)
        return Outcome.SHOWN if is_understood else Outcome.LEFT_OUT

    def _unknown_words(self, text: str) -> list[str]:
        version = set(WORD.findall(normalize(self.facts.model_version)))
        return [word for word in self.lexicon.unknown_words(text) if word not in version]

    def _has_content(self, text: str) -> bool:
        """Return whether a sentence says something that was compared, unlike "Yes" or "It is"."""
        if self.lexicon.has("warning", text) and not self.facts.warnings:
            return False
        return any(
            term.search(text)
            for name, term in self.lexicon.terms.items()
            if name.startswith(_CONTENT_GROUPS) or name in _CONTENT_CONCEPTS
        )


def _is_readable(sentence: str) -> bool:
    """Return whether a sentence consists of letters, digits and common punctuation."""
    return all(each in _SIGNS or unicodedata.category(each)[0] in "LM" or each.isdecimal() for each in sentence)
