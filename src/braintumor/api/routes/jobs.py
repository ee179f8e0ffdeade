"""Background jobs: start, watch, cancel."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse

from braintumor.api.access import Caller, Reader, Writer, find_caller
from braintumor.api.response_docs import error_responses, file_response
from braintumor.api.routes.models import require_version
from braintumor.api.routes.scans import answer_job
from braintumor.api.schemas.jobs import JobBody, JobItemResponse, JobResponse
from braintumor.api.state import ServerState, State
from braintumor.api.transfer.idempotency import IdempotencyKey, answer_once
from braintumor.db.jobs.submissions import (
    JobSummary,
    add_scans,
    begin_job,
    cancel_job,
    find_unread_scans,
    list_items,
    list_jobs,
    read_job,
    submit_job,
)
from braintumor.db.search import SearchQuery, export_records
from braintumor.errors import BrainTumorError
from braintumor.jobs import read_again
from braintumor.reporting.csv_export import to_csv_bytes
from braintumor.services.records.reading_record import hash_card, record_row

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])
_EVENTS: Final = error_responses(401, 403, 404, 409, 429) | file_response("text/event-stream")
_POLL_SECONDS: Final = 1.0
_KEEP_ALIVE: Final = 15  # polls without news, after which a comment is sent, so that proxies keep the connection


@router.post(
    "", status_code=202, response_model=JobResponse, responses=error_responses(401, 403, 404, 409, 415, 422, 429)
)
def start_job(
    request: Request, state: State, caller: Writer, body: JobBody, key: IdempotencyKey = None
) -> JSONResponse:
    """Read all stored scans again with another version. Those that it has read already are left out."""
    version = require_version(state, body.version)

    def act() -> JSONResponse:
        card = hash_card(state.detectors.get(version).artifact)
        scans = find_unread_scans(state.storage, caller.actor, version, card)
        job_id = begin_job(state.storage, caller.actor, read_again.KIND, {"version": version})
        add_scans(state.storage, caller.actor, job_id, scans)
        job = submit_job(state.storage, caller.actor, job_id)
        state.queue.notify(job_id)
        return answer_job(job)

    return answer_once(state, caller, request, key, body.model_dump_json, act)


@router.get("", responses=error_responses(401, 403, 409, 422))
def show_jobs(
    state: State,
    caller: Reader,
    rows: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[UUID | None, Query(description="Id of the last job of the previous page.")] = None,
) -> list[JobResponse]:
    """List own jobs, the newest first. Jobs are deleted a week after their end; the readings stay."""
    return [JobResponse.model_validate(job) for job in list_jobs(state.storage, caller.actor, rows, before)]


@router.get("/{job_id}", responses=error_responses(401, 403, 404, 409))
def show_job(state: State, caller: Reader, job_id: UUID) -> JobResponse:
    """Return the state of a job."""
    return JobResponse.model_validate(read_job(state.storage, caller.actor, job_id))


@router.get("/{job_id}/items", responses=error_responses(401, 403, 404, 409, 422))
def show_items(
    state: State,
    caller: Reader,
    job_id: UUID,
    rows: Annotated[int, Query(ge=1, le=1_000)] = 500,
    after: Annotated[int, Query(ge=-1, le=2**31 - 1, description="Last position of the previous page.")] = -1,
) -> list[JobItemResponse]:
    """List the files or scans of a job in order."""
    items = list_items(state.storage, caller.actor, job_id, rows, after)
    return [JobItemResponse.model_validate(item) for item in items]


@router.get(
    "/{job_id}/results.csv",
    response_class=Response,
    responses=error_responses(401, 403, 404, 409) | file_response("text/csv"),
)
def download_results(state: State, caller: Reader, job_id: UUID) -> Response:
    """Download the results of a job so far as CSV, with unreadable files last."""
    job = read_job(state.storage, caller.actor, job_id)
    records = export_records(state.storage, caller.actor, SearchQuery(job_id=job_id, descending=False))
    rows = [record_row(record) for record in records]
    rows += [row for group in job.summary.values() for row in group]
    headers = {"Content-Disposition": 'attachment; filename="results.csv"'}
    return Response(to_csv_bytes(rows), media_type="text/csv", headers=headers)


@router.get(
    "/{job_id}/events",
    response_class=StreamingResponse,
    responses=_EVENTS,
)
async def watch_job(request: Request, state: State, caller: Reader, job_id: UUID) -> StreamingResponse:
    """Watch a job: server-sent events with its state, one for each change; the stream ends with the job."""
    first = await run_in_threadpool(read_job, state.storage, caller.actor, job_id)
    events = _iter_events(request, state, caller, first)
    return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@router.post("/{job_id}/cancel", responses=error_responses(401, 403, 404, 409))
def stop_job(state: State, caller: Writer, job_id: UUID) -> JobResponse:
    """Cancel a job. What it has saved stays."""
    return JobResponse.model_validate(cancel_job(state.storage, caller.actor, job_id))


async def _iter_events(request: Request, state: ServerState, caller: Caller, job: JobSummary) -> AsyncIterator[str]:
    with state.streams.hold(str(caller.actor.id)):
        silent, last = 0, ""
        while True:
            content = JobResponse.model_validate(job).model_dump_json()
            silent += 1
            if content != last:
                yield f"event: job\ndata: {content}\n\n"
                silent, last = 0, content
            elif silent % _KEEP_ALIVE == 0:
                yield ": still working\n\n"
            if job.is_over or await request.is_disconnected():
                return
            await asyncio.sleep(_POLL_SECONDS)
            try:
                job = await run_in_threadpool(_read_again, request, state, job.id)
            except (HTTPException, BrainTumorError) as error:  # such as a session that has ended
                detail = error.detail if isinstance(error, HTTPException) else str(error)
                yield f"event: error\ndata: {json.dumps({'detail': detail})}\n\n"
                return


def _read_again(request: Request, state: ServerState, job_id: UUID) -> Any:
    """Return the job if the caller may still see it."""
    return read_job(state.storage, find_caller(request, state).actor, job_id)
