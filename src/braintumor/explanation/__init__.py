"""Explanation of a reading in words: its facts as numbers and terms, and sentences made of them in six languages."""

from braintumor.explanation.accuracy import ModelAccuracy, read_accuracy
from braintumor.explanation.facts import ReadingFacts
from braintumor.explanation.reading_facts import reading_facts

__all__ = ["ModelAccuracy", "ReadingFacts", "read_accuracy", "reading_facts"]
