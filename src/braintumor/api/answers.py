"""Documentation of the answers of routes."""

from http import HTTPStatus
from typing import Any

Answers = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Answers:
    """Return the documentation of errors by status."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def file(media_type: str, *, has_etag: bool = False) -> Answers:
    """Return the documentation of an answer that is a file."""
    if media_type == "application/json":
        schema = {"type": "object"}
    else:
        schema = {"type": "string"} if media_type.startswith("text/") else {"type": "string", "format": "binary"}
    answers: Answers = {200: {"description": "The file", "content": {media_type: {"schema": schema}}}}
    return answers | ({304: {"description": "The client has it already"}} if has_etag else {})
