"""Explanations in a PDF report, as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from braintumor.explanation.accuracy import ModelAccuracy
from braintumor.explanation.facts import ReadingFacts
from braintumor.explanation.languages import DEFAULT_LANGUAGE
from braintumor.explanation.reading_facts import reading_facts
from braintumor.explanation.text import Topic, write_explanation
from braintumor.inference.detection import Detection
from braintumor.inference.model_card import ModelCard
from braintumor.inference.study import StudyReading, StudySlice

# What is the same for all scans is left out of a report of many.
_SHORT: Final[tuple[Topic, ...]] = ("finding", "size", "objections")


@dataclass(frozen=True, slots=True)
class ReportExplanations:
    """Language of the explanations in a report, and the figures of the model that they quote."""

    language: str = DEFAULT_LANGUAGE
    accuracy: ModelAccuracy = field(default_factory=ModelAccuracy)

    def add_to(
        self,
        context: Mapping[str, Any],
        card: ModelCard,
        detections: Sequence[Detection],
        studies: Sequence[tuple[StudyReading, Sequence[StudySlice]]],
    ) -> None:
        """Add the explanations to the content of a report, for its studies, and for scans that it shows with images.

        A scan among others has the short form: what the model sees, how large it is, and what speaks against it.

        Parameters
        ----------
        context : mapping
            From `report_context`: `scans` with their `number`, and `studies` with the number of their `key` scan.
        detections : sequence of Detection
            All scans, in the order of their numbers from 1.
        studies : sequence of (StudyReading, sequence of StudySlice)
        """
        for entry in context["scans"]:
            facts = reading_facts(detections[entry["number"] - 1], card, self.accuracy)
            entry["explanation"] = self._write(facts, is_short=len(detections) > 1)
        for entry, (reading, slices) in zip(context["studies"], studies, strict=True):
            key_detection = detections[entry["key"] - 1] if entry["key"] else None
            facts = reading_facts(reading, card, self.accuracy, key_detection=key_detection, slices=slices)
            entry["explanation"] = self._write(facts)

    def _write(self, facts: ReadingFacts, *, is_short: bool = False) -> dict[str, Any]:
        explanation = write_explanation(facts, self.language)
        language = explanation.language
        return {
            "language": language.code,
            "direction": language.direction,
            "paragraphs": [
                {"title": f"{paragraph.title}{language.colon}", "text": paragraph.text}
                for paragraph in explanation.paragraphs
                if paragraph.topic in _SHORT or not is_short
            ],
        }
