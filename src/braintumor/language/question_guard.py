"""Decline questions before anything is sent: treatment, prognosis, other people, instructions."""

import re
from enum import StrEnum
from typing import Final

from braintumor.explanation.languages import LANGUAGES
from braintumor.language.answer_check import MARKUP
from braintumor.language.lexicon import Lexicon, load_lexicon, normalize

MAX_QUESTION: Final = 300
_FILE_NAME: Final = re.compile(r"\.(?:dcm|png|jpe?g|nii|gz|tiff?|bmp|zip|mha|nrrd|webp)\b", re.IGNORECASE)
# Dates, telephone and patient numbers; no figure of a reading is as long.
_LONG_NUMBER: Final = re.compile(r"\d{5,}|\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4}")
_TWO_NAMES: Final = re.compile(r"(?<=[^.!?:]\s)([A-ZÀ-Þ][a-zà-ÿ]+)\s+([A-ZÀ-Þ][a-zà-ÿ]+)\b")
# Letters from which a word means the same in no other language; "die" is German for "the".
_LONG_WORD: Final = 5
_MEDICAL: Final = ("forbidden.treatment", "forbidden.prognosis", "forbidden.malignancy", "question.treatment")
_PEOPLE: Final = ("forbidden.people", "question.people")


class Declined(StrEnum):
    """Why a question is not sent; `declined_...` of the messages."""

    MEDICAL = "medical"
    PEOPLE = "people"
    INSTRUCTIONS = "instructions"
    LENGTH = "length"


def decline(question: str, language: str) -> Declined | None:
    """Return why a question is declined, or None if it may be sent.

    Its words are compared with those of all languages, as a reader may ask in another one than the page has.

    Parameters
    ----------
    language : str
        Of the page.
    """
    if not question.strip() or len(question) > MAX_QUESTION:
        return Declined.LENGTH
    text = normalize(question)
    if not question.isprintable() or MARKUP.search(question) or _FILE_NAME.search(question):
        return Declined.INSTRUCTIONS
    lexicons = [load_lexicon(each) for each in LANGUAGES]
    if _names(lexicons, text, "question.injection"):
        return Declined.INSTRUCTIONS
    if _LONG_NUMBER.search(text) or _names(lexicons, text, *_PEOPLE) or _has_names(question, language):
        return Declined.PEOPLE
    return Declined.MEDICAL if _names(lexicons, text, *_MEDICAL) else None


def decline_message(reason: Declined, language: str) -> str:
    """Return what the reader is told, and what can be asked instead."""
    messages = load_lexicon(language).messages
    return f"{messages[f'declined_{reason}']} {messages['can_ask']}"


def _names(lexicons: list[Lexicon], text: str, *concepts: str) -> bool:
    """Return whether a question names a concept; short words count only in the language the question seems to be in."""
    unknown = {lexicon.language: len(lexicon.unknown_words(text)) for lexicon in lexicons}
    fewest = min(unknown.values())
    return any(
        len(match.group()) >= _LONG_WORD or unknown[lexicon.language] == fewest
        for lexicon in lexicons
        for concept in concepts
        for match in lexicon.terms[concept].finditer(text)
    )


def _has_names(question: str, language: str) -> bool:
    """Return whether two capitalized words in a row are words of neither English nor the language of the page."""
    lexicons = [load_lexicon(each) for each in ("en", language)]
    return any(
        all(lexicon.unknown_words(normalize(name)) for lexicon in lexicons for name in match.groups())
        for match in _TWO_NAMES.finditer(question)
    )
