"""Audit log, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from braintumor.api.access import Administrator
from braintumor.api.response_docs import error_responses, file_response
from braintumor.api.schemas.accounts import AuditResponse
from braintumor.api.state import State
from braintumor.db.access_log import log_access
from braintumor.db.overview.administration import export_audit, list_audit

router = APIRouter(prefix="/api/v1", tags=["audit"])


@router.get("/audit", responses=error_responses(401, 403, 409, 422))
def show_audit(
    state: State,
    caller: Administrator,
    rows: Annotated[int, Query(ge=1, le=1_000)] = 100,
    before: Annotated[int | None, Query(ge=1, le=2**53, description="Last number of the previous page.")] = None,
) -> list[AuditResponse]:
    """Return entries of the audit log, the newest first: who did what and when, without scans, names and results."""
    log_access(state.storage, caller.actor, "audit.listed", "audit:log")
    return [AuditResponse.model_validate(line) for line in list_audit(state.storage, caller.actor, rows, before)]


@router.get("/audit.csv", response_class=Response, responses=error_responses(401, 403, 409) | file_response("text/csv"))
def download_audit(state: State, caller: Administrator) -> Response:
    """Download the whole log with its seals. Its last line has number and seal of the head, as `X-Audit-Head` has.

    Keep the head elsewhere: `braintumor db check --head` then finds entries that were changed or cut off since.
    """
    export = export_audit(state.storage, caller.actor)
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"', "X-Audit-Head": str(export.head)}
    return Response(export.content, media_type="text/csv", headers=headers)
