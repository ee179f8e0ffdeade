"""Explanations of readings in words."""

from typing import Literal, Self

from pydantic import Field

from braintumor.api.languages import LanguageCode
from braintumor.api.schemas.base import ResponseModel
from braintumor.explanation import Explanation
from braintumor.explanation.text import Topic


class ParagraphResponse(ResponseModel):
    """Sentences on one topic."""

    topic: Topic
    title: str
    text: str


class ExplanationResponse(ResponseModel):
    """An explanation of a reading, made of its numbers by fixed sentences."""

    language: LanguageCode
    direction: Literal["ltr", "rtl"]
    title: str
    paragraphs: list[ParagraphResponse] = Field(description="Topics that do not apply are left out.")
    notice: str

    @classmethod
    def from_explanation(cls, explanation: Explanation) -> Self:
        """Make it of an explanation."""
        return cls.model_validate(explanation.to_dict())
