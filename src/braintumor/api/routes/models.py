"""Versions that can read scans, and their cards."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request
from starlette.responses import Response

from braintumor.api.access import Guest
from braintumor.api.response_docs import error_responses, file_response
from braintumor.api.schemas.server import ModelResponse
from braintumor.api.state import ServerState, State
from braintumor.api.transfer.etags import answer_file
from braintumor.errors import ArtifactError
from braintumor.inference.model_card import CARD_FILE, ModelCard
from braintumor.inference.registry import list_models, load_artifact
from braintumor.services.records.reading_record import hash_card

router = APIRouter(prefix="/api/v1/models", tags=["models"])


def require_version(state: ServerState, version: str | None) -> str:
    """Return the name of a version that the server has; the default one for None.

    Raises
    ------
    HTTPException
        There is none with this name (404).
    """
    name = version or state.settings.version
    if name not in list_models(state.settings):
        raise HTTPException(404, "The server has no such version. GET /api/v1/models lists them.")
    return name


def _iter_cards(state: ServerState) -> Iterator[ModelCard]:
    for name in list_models(state.settings):
        try:
            yield load_artifact(name, state.settings).card
        except ArtifactError:  # a version that is not finished holds back no other
            continue


@router.get("", responses=error_responses(401, 403))
def list_versions(state: State, caller: Guest) -> list[ModelResponse]:
    """List the versions that can read scans."""
    cards = list(_iter_cards(state))
    return [
        ModelResponse(
            version=card.version,
            title=card.title,
            task=card.task,
            created=card.created,
            is_default=card.version == state.settings.version,
        )
        for card in cards
    ]


@router.get(
    "/{version}/card",
    response_class=Response,
    responses=error_responses(401, 403, 404) | file_response("application/json", has_etag=True),
)
def show_card(
    request: Request, state: State, caller: Guest, version: Annotated[str, Path(max_length=100, examples=["v4"])]
) -> Response:
    """Return the model card: data, training, calibration, thresholds and limits of a version."""
    artifact = load_artifact(require_version(state, version), state.settings)
    return answer_file(request, "application/json", [hash_card(artifact)], artifact.path(CARD_FILE).read_bytes)
