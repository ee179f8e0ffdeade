"""Explanations in words in a PDF report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from braintumor.explanation import Explanation, ModelAccuracy, reading_facts, write_explanation
from braintumor.explanation.text import Topic
from braintumor.inference.model_card import ModelCard
from braintumor.reporting.report_scan import ReportScan
from braintumor.reporting.study_result import StudyResult

# What is the same for all scans is printed once per study, and left out of lists of scans.
_SHORT: Final[tuple[Topic, ...]] = ("finding", "size", "objections")


@dataclass(frozen=True, slots=True)
class ReportWords:
    """Language of the explanations in a report, and the figures of the model that they quote."""

    language: str = "en"
    accuracy: ModelAccuracy = field(default_factory=ModelAccuracy)


def add_words(
    context: Mapping[str, Any],
    report_scans: Sequence[ReportScan],
    studies: Sequence[StudyResult],
    card: ModelCard,
    words: ReportWords,
) -> None:
    """Add the explanations to the content of a report, for its studies, and for scans that it shows with images.

    A scan among others has the short form: what the model sees, how large it is, and what speaks against it.
    """
    is_single = len(report_scans) == 1
    for entry in context["scans"]:
        facts = reading_facts(report_scans[entry["number"] - 1].detection, card, words.accuracy)
        entry["words"] = _words(write_explanation(facts, words.language), is_short=not is_single)
    for entry, study in zip(context["studies"], studies, strict=True):
        key = entry["key"]
        detection = report_scans[key - 1].detection if key else None
        facts = reading_facts(study.reading, card, words.accuracy, key_detection=detection, slices=study.slices)
        entry["words"] = _words(write_explanation(facts, words.language))


def _words(explanation: Explanation, *, is_short: bool = False) -> dict[str, Any]:
    language = explanation.language
    return {
        "language": language.code,
        "direction": language.direction,
        "title": explanation.title,
        "paragraphs": [
            {"title": f"{paragraph.title}{language.colon}", "text": paragraph.text}
            for paragraph in explanation.paragraphs
            if paragraph.topic in _SHORT or not is_short
        ],
    }
