"""Explanations of readings in words."""

from typing import Literal, Self

from pydantic import Field

from braintumor.api.languages import LanguageCode
from braintumor.api.schemas.base import Answer
from braintumor.explanation import Explanation
from braintumor.explanation.text import Topic


class ParagraphAnswer(Answer):
    """Sentences on one topic."""

    topic: Topic
    title: str
    text: str


class ExplanationAnswer(Answer):
    """An explanation of a reading, made of its numbers by fixed sentences."""

    language: LanguageCode
    direction: Literal["ltr", "rtl"]
    title: str
    paragraphs: list[ParagraphAnswer] = Field(description="Topics that do not apply are left out.")
    notice: str

    @classmethod
    def from_explanation(cls, explanation: Explanation) -> Self:
        """Make it of an explanation."""
        return cls.model_validate(explanation.to_dict())
