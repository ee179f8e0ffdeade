"""Finding of a human reader on one scan: agreement with the model or another class, and a comment."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from braintumor.enums import TumorClass

AGREE: Final = "agree"
NO_OPINION: Final = ""


@dataclass(frozen=True, slots=True)
class ReaderFinding:
    """A reader's finding on one scan; false if it has neither an opinion nor a comment.

    Attributes
    ----------
    opinion : str
        `agree`, the class that the reader sees instead, or empty if there is only a comment.
    comment : str
        The reader's text, without surrounding white space.
    timestamp : datetime or None
        When the finding was entered; timezone-aware, converted to UTC.

    Raises
    ------
    ValueError
        The opinion is not one of these, or the time has no timezone.
    """

    opinion: str = NO_OPINION
    comment: str = ""
    timestamp: datetime | None = None

    def __post_init__(self) -> None:
        if self.opinion not in (NO_OPINION, AGREE, *TumorClass):
            raise ValueError(f'Unknown opinion {self.opinion!r}. Use "{AGREE}", "" or one of {", ".join(TumorClass)}.')
        if self.timestamp is not None:
            if self.timestamp.tzinfo is None:
                raise ValueError("The time of a finding needs a timezone, such as datetime.now(UTC).")
            object.__setattr__(self, "timestamp", self.timestamp.astimezone(UTC))
        object.__setattr__(self, "opinion", str(self.opinion))
        object.__setattr__(self, "comment", self.comment.strip())

    def __bool__(self) -> bool:
        return bool(self.opinion or self.comment)

    @property
    def title(self) -> str:
        """The opinion as reports show it; empty if there is none."""
        if self.opinion == AGREE:
            return "Agrees with the model"
        return f"Read as {TumorClass(self.opinion).title.lower()}" if self.opinion else ""
