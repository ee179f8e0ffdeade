"""Explanation of a reading in words: its facts as numbers and terms, and sentences made of them in six languages."""

from braintumor.explanation.accuracy import ModelAccuracy, read_accuracy
from braintumor.explanation.facts import ReadingFacts
from braintumor.explanation.languages import LANGUAGES, choose_language
from braintumor.explanation.reading_facts import reading_facts
from braintumor.explanation.text import Explanation, explain_in_words, write_explanation

__all__ = [
    "LANGUAGES",
    "Explanation",
    "ModelAccuracy",
    "ReadingFacts",
    "choose_language",
    "explain_in_words",
    "read_accuracy",
    "reading_facts",
    "write_explanation",
]
