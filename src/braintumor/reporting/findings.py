"""Opinion: what the reader found, beside what the model said: agreement or another class, and a comment."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from braintumor.enums import TumorClass

AGREE: Final = "agree"
NO_OPINION: Final = ""


@dataclass(frozen=True, slots=True)
class ReaderFinding:
    """A reader's own finding on one scan.

    Attributes
    ----------
    opinion : "agree", a TumorClass (or its name), or ""
        Whether the reader agrees with the model, or the class seen instead; empty where only a comment was left.
    comment : str
        The reader's words, kept as they were typed but for blanks around them.
    timestamp : datetime or None
        When it was said, UTC, timezone-aware.

    Raises
    ------
    ValueError
        The opinion is none of these, or the time has no timezone.
    """

    opinion: str = NO_OPINION
    comment: str = ""
    timestamp: datetime | None = None

    def __post_init__(self) -> None:
        if self.opinion not in (NO_OPINION, AGREE, *TumorClass):
            raise ValueError(f'{self.opinion!r} is no opinion. Give "{AGREE}", "" or one of {", ".join(TumorClass)}.')
        if self.timestamp is not None:
            if self.timestamp.tzinfo is None:
                raise ValueError("The time of a finding needs a timezone, such as datetime.now(UTC).")
            object.__setattr__(self, "timestamp", self.timestamp.astimezone(UTC))
        object.__setattr__(self, "opinion", str(self.opinion))
        object.__setattr__(self, "comment", self.comment.strip())

    def __bool__(self) -> bool:
        """Whether anything was said at all."""
        return bool(self.opinion or self.comment)

    @property
    def title(self) -> str:
        """The opinion as a report says it; empty where there is none."""
        if self.opinion == AGREE:
            return "Agrees with the model"
        return f"Reads it as: {TumorClass(self.opinion).title.lower()}" if self.opinion else ""
