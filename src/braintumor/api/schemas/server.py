"""What the server has and whether it works."""

from braintumor.api.schemas.base import Answer
from braintumor.enums import Task


class ModelAnswer(Answer):
    """A version that can read scans."""

    version: str
    title: str
    task: Task
    created: str
    is_default: bool


class Health(Answer):
    """State of the server."""

    status: str
