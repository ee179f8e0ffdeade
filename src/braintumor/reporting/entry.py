"""Entry: one scan of a report, with what the model and the reader said of it; and a file that gave none."""

from dataclasses import dataclass
from typing import Protocol

from braintumor.imaging import Scan
from braintumor.inference.detection import Detection
from braintumor.reporting.opinion import ReaderFinding


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """One scan of a report. Nothing else about the patient goes into a report than what is in here."""

    scan: Scan
    detection: Detection
    finding: ReaderFinding | None = None


class Failure(Protocol):
    """A file that could not be read: its name, the sentence that says why, and its hash where it has content."""

    @property
    def name(self) -> str:
        """File name as the user knows it."""

    @property
    def problem(self) -> str:
        """What is wrong with it and what to do, in one sentence or two."""

    @property
    def sha256(self) -> str | None:
        """Hash of its content; None where there is none."""
