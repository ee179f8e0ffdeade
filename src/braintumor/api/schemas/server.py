"""What the server has and whether it works."""

from braintumor.api.schemas.base import ResponseModel
from braintumor.enums import Task


class ModelResponse(ResponseModel):
    """A version that can read scans."""

    version: str
    title: str
    task: Task
    created: str
    is_default: bool


class Health(ResponseModel):
    """State of the server."""

    status: str
