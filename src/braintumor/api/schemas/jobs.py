"""Background jobs."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from braintumor.api.schemas.base import Body, ResponseModel
from braintumor.db.tables import JobState


class JobResponse(ResponseModel):
    """State of a job."""

    id: UUID
    kind: str
    options: dict[str, Any]
    state: JobState
    done: int = Field(description="Files or scans that were read.")
    failed: int = Field(description="Files or scans that could not be read.")
    total: int
    readings: int = Field(description="Results so far.")
    is_cancelling: bool
    error: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class JobItemResponse(ResponseModel):
    """State of one file or scan of a job."""

    position: int
    name: str
    state: JobState
    error: str


class JobBody(Body):
    """Read all stored scans again with another version."""

    kind: Literal["read-again"] = Field(examples=["read-again"])
    version: str = Field(max_length=100, description="A version that the server has.", examples=["v4"])
