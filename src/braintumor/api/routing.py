"""All routes of the API."""

from fastapi import FastAPI

from braintumor.api.routes import (
    audit,
    documentation,
    health,
    jobs,
    models,
    predict,
    readings,
    scans,
    statistics,
    tokens,
    users,
)

_ROUTES = (predict, scans, readings, jobs, statistics, models, users, tokens, audit, health, documentation)


def add_routes(app: FastAPI) -> None:
    """Add the routes of the API to an application."""
    for module in _ROUTES:
        app.include_router(module.router)
