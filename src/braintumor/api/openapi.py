"""The OpenAPI document, with a command to try each route."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI

from braintumor.api.schemas.base import Problem
from braintumor.enums import RESEARCH_USE

DESCRIPTION: Final = f"""Read brain MRI slices, keep them in a history, and manage the server. {RESEARCH_USE}

Programs send a token: `Authorization: Bearer bt_...`. Create one on the [account page](/account). While accounts are
off, the server answers programs of its own computer without one. Errors are problem details (RFC 9457).

The examples use the variables `SERVER` (such as `http://localhost:8501`), `TOKEN` and the ids that they name.
"""
_METHODS: Final = ("get", "post", "put", "patch", "delete")


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the document of an application."""
    document = app.openapi()
    if "x-tagGroups" not in document:
        document["x-tagGroups"] = [{"name": "REST API", "tags": sorted(_find_tags(document))}]
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        # FastAPI documents its own form of validation errors, which is not sent.
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {}) | {"Problem": schema}
        for path, method, operation in iter_operations(document):
            _correct_validation(operation)
            operation["x-codeSamples"] = [
                {"lang": "Shell", "label": "curl", "source": make_command(path, method, operation, schemas)}
            ]
    return document


def iter_operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and description of each operation."""
    for path, methods in document["paths"].items():
        yield from ((path, method, methods[method]) for method in _METHODS if method in methods)


def find_methods(app: FastAPI, path: str) -> list[str]:
    """Return the methods that a path of the document accepts; none if it has no such path."""
    for template, methods in describe(app)["paths"].items():
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path):
            return sorted(method.upper() for method in methods if method in _METHODS)
    return []


def make_command(path: str, method: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """Return a curl command that calls an operation."""
    parts = ["curl --fail-with-body"]
    if "security" in operation:
        parts.append('-H "Authorization: Bearer $TOKEN"')
    content = operation.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in content:
        parts.append("-F files=@scan.png")
    elif "application/json" in content:
        body = json.dumps(_example(content["application/json"]["schema"], schemas))
        parts.append(f"-X {method.upper()} -H 'Content-Type: application/json' -d '{body}'")
    elif method != "get":
        parts.append(f"-X {method.upper()}")
    address = re.sub(r"\{(\w+)\}", lambda match: f"${match[1].upper()}", path)
    return " ".join([*parts, f'"$SERVER{address}"'])


def _example(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body with the examples of its fields."""
    if "$ref" in schema:
        schema = schemas[str(schema["$ref"]).rpartition("/")[2]]
    fields = schema["properties"].items()
    return {name: field["examples"][0] for name, field in fields if field.get("examples")}


def _correct_validation(operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    if "422" in answers:
        problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
        answers["422"] = {
            "description": "The request is not valid",
            "content": {"application/problem+json": problem},
        }


def _find_tags(document: Mapping[str, Any]) -> set[str]:
    return {tag for _, _, operation in iter_operations(document) for tag in operation.get("tags", [])}
