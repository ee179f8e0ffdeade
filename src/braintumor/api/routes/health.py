"""Whether the server lives and works, and numbers for monitoring."""

import logging
from typing import Final

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, Response

from braintumor.api.access import allow_metrics
from braintumor.api.metrics import CONTENT_TYPE
from braintumor.api.problems import problem_response
from braintumor.api.response_docs import error_responses, file_response
from braintumor.api.schemas.server import Health
from braintumor.api.state import State
from braintumor.db.history import has_storage
from braintumor.db.jobs.submissions import count_jobs
from braintumor.errors import BrainTumorError
from braintumor.inference.registry import load_artifact

_LOGGER: Final = logging.getLogger(__name__)
router = APIRouter(tags=["health"])


@router.get("/livez")
def show_liveness() -> Health:
    """Answer while the process works."""
    return Health(status="ok")


@router.get("/readyz", response_model=Health, responses=error_responses(503))
def show_readiness(state: State) -> Response:
    """Answer 200 while database and model can be used, and 503 otherwise."""
    try:
        load_artifact(state.settings.version, state.settings)
        if state.settings.accounts or has_storage(state.settings):
            count_jobs(state.storage)
    except BrainTumorError as error:
        _LOGGER.error("The server is not ready.", exc_info=error)
        return problem_response(503, "The database or the model cannot be used. See the log of the server.")
    return JSONResponse({"status": "ok"})


@router.get(
    "/metrics",
    response_class=Response,
    responses=error_responses(401, 403) | file_response("text/plain"),
    dependencies=[Depends(allow_metrics)],
)
def show_metrics(state: State) -> Response:
    """Return numbers of requests, readings and jobs for Prometheus; with accounts on, for administrators."""
    stored = state.settings.accounts or has_storage(state.settings)
    return Response(state.metrics.to_text(count_jobs(state.storage) if stored else {}), media_type=CONTENT_TYPE)
