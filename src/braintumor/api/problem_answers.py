"""Documentation of the errors of a route."""

from http import HTTPStatus
from typing import Any

from braintumor.api.schemas.base import Problem


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI answers for the statuses of errors."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {"application/problem+json": {"schema": schema}},
        }
        for status in statuses
    }


PROBLEM_SCHEMA = Problem
