"""Stored scans, readings and findings."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from braintumor.api.schemas.base import Body, ResponseModel
from braintumor.api.schemas.explanations import ExplanationResponse


class ReadingResponse(ResponseModel):
    """A stored reading."""

    reading_id: UUID
    scan_id: UUID
    name: str
    sha256: str
    series: str
    level: str = Field(description="`slice` for slices and pictures, `study` for whole series and volumes.")
    version: str
    card_sha256: str
    verdict: str
    result: str
    tumor_probability: float
    uncertainty: float
    probabilities: dict[str, float]
    ood_score: float | None
    area_pixels: int | None
    area_mm2: float | None
    diameter_mm: float | None
    read_at: datetime
    saved_at: datetime
    deleted_at: datetime | None
    has_scan: bool = Field(description="Whether the picture is stored, not only the result.")
    opinion: str
    comment: str


class ReadingDetails(ReadingResponse):
    """A stored reading with everything else of the result."""

    payload: dict[str, Any]
    explanation: ExplanationResponse | None = Field(
        default=None,
        description="In words, if the request names a language (`language`, or `Accept-Language`), the picture is "
        "stored, and the server still has the version that read it.",
    )


class ReadingPage(ResponseModel):
    """A page of readings."""

    readings: list[ReadingResponse]
    next: str = Field(description="Pass it as `after` to get the next page; empty on the last one.")


class UnreadableFile(ResponseModel):
    """A file that could not be read."""

    name: str
    error: str


class SavedUpload(ResponseModel):
    """Readings of an upload that was read at once."""

    readings: list[ReadingResponse]
    errors: list[UnreadableFile]


class ScanResponse(ResponseModel):
    """A stored scan with the readings of all versions, the newest first."""

    id: UUID
    name: str
    sha256: str
    has_scan: bool
    readings: list[ReadingResponse]
    slices: list[UUID] = Field(default=[], description="Ids of the stored slices of a study, in order.")


class FindingBody(Body):
    """A reader's finding on a reading."""

    opinion: Literal["", "agree", "glioma", "meningioma", "notumor", "pituitary"] = Field(
        description="`agree`, or the class that the reader sees; empty if there is only a comment.", examples=["agree"]
    )
    comment: str = Field(default="", max_length=10_000, examples=["Seen on two slices."])


class DayCount(ResponseModel):
    """Number of readings of one day in UTC."""

    day: date
    readings: int


class OwnStatistics(ResponseModel):
    """Number of own readings; `by_version` counts all, whatever was filtered."""

    readings: int
    by_verdict: dict[str, int]
    by_result: dict[str, int]
    by_version: dict[str, int]
    by_day: list[DayCount]


class UserStatisticsResponse(ResponseModel):
    """What one user has stored: numbers only."""

    user_id: UUID
    readings: int
    scans: int
    stored_bytes: int
    last_saved_at: datetime
