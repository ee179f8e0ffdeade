"""Documentation of the responses of routes in the OpenAPI document."""

from http import HTTPStatus
from typing import Any

ResponseDocs = dict[int | str, dict[str, Any]]


def error_responses(*statuses: int) -> ResponseDocs:
    """Return the documentation of errors by status."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def file_response(media_type: str, *, has_etag: bool = False) -> ResponseDocs:
    """Return the documentation of a response that is a file."""
    if media_type == "application/json":
        schema = {"type": "object"}
    else:
        schema = {"type": "string"} if media_type.startswith("text/") else {"type": "string", "format": "binary"}
    docs: ResponseDocs = {200: {"description": "The file", "content": {media_type: {"schema": schema}}}}
    return docs | ({304: {"description": "The client has it already"}} if has_etag else {})
