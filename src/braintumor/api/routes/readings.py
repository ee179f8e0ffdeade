"""Search, open, download and comment readings of the history."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import AfterValidator, AwareDatetime
from starlette.responses import Response

from braintumor.api.access import Caller, Reader, Writer
from braintumor.api.languages import RequestedLanguage
from braintumor.api.response_docs import error_responses, file_response
from braintumor.api.schemas.explanations import ExplanationResponse
from braintumor.api.schemas.records import FindingBody, ReadingDetails, ReadingPage, ReadingResponse
from braintumor.api.state import ServerState, State
from braintumor.api.transfer.etags import answer_file
from braintumor.db.access_log import log_access
from braintumor.db.records import read_stored_scan, save_finding
from braintumor.db.search import MAX_PAGE_ROWS, Record, SearchQuery, Sort, open_record, search
from braintumor.db.tables.records import STUDY
from braintumor.enums import Verdict
from braintumor.errors import NotFoundError, RecordError
from braintumor.explanation import explain_in_words
from braintumor.explanation.languages import DEFAULT_LANGUAGE
from braintumor.services.records.export import export_csv
from braintumor.services.records.pictures import make_report, overlay_of, picture_of
from braintumor.services.records.reading_record import RestoredReading, restore_reading

router = APIRouter(prefix="/api/v1", tags=["readings"])
_ERRORS: Final = error_responses(401, 403, 404, 409)
_PICTURE: Final = _ERRORS | file_response("image/png", has_etag=True)
_REPORT: Final = _ERRORS | file_response("application/pdf", has_etag=True)


def _to_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError("this time is out of range") from None


def _to_verdict(text: str) -> str:
    if text and text not in set(Verdict):
        raise ValueError(f"there is no such verdict. Choose from: {', '.join(Verdict)}")
    return text


Time = Annotated[AwareDatetime, AfterValidator(_to_utc)]
_Text = Annotated[str, Query(max_length=500)]


def parse_filters(
    name: Annotated[str, Query(max_length=500, description="Part of the name, in any case.")] = "",
    verdict: Annotated[str, AfterValidator(_to_verdict), Query(examples=list(map(str, Verdict)))] = "",
    version: _Text = "",
    level: Annotated[Literal["", "slice", "study"], Query(description="Only studies, or only single slices.")] = "",
    opinion: Annotated[str, Query(max_length=50, description="The reader's finding.", examples=["agree"])] = "",
    read_from: Time | None = None,
    read_until: Annotated[Time | None, Query(description="Exclusive.")] = None,
    job: Annotated[UUID | None, Query(description="Only readings of this job.")] = None,
    deleted: Annotated[bool, Query(description="Search in what was deleted and can still be restored.")] = False,
) -> SearchQuery:
    """Return the filters of a search."""
    return SearchQuery(
        name=name,
        verdict=verdict,
        version=version,
        level=level,
        opinion=opinion,
        read_from=read_from,
        read_until=read_until,
        job_id=job,
        deleted=deleted,
    )


Filters = Annotated[SearchQuery, Depends(parse_filters)]


@router.get("/readings", responses=error_responses(401, 403, 409, 422))
def search_readings(
    state: State,
    caller: Reader,
    filters: Filters,
    sort: Sort = Sort.TIME,
    order: Literal["ascending", "descending"] = "descending",
    rows: Annotated[int, Query(ge=1, le=MAX_PAGE_ROWS)] = 50,
    after: Annotated[str, Query(max_length=2_000, description="`next` of the previous page.")] = "",
) -> ReadingPage:
    """Search in the history. A page continues after the last row of the previous one."""
    query = replace(filters, sort=sort, descending=order == "descending", rows=rows, after=after)
    try:
        page = search(state.storage, caller.actor, query)
    except RecordError as error:
        raise HTTPException(422, str(error)) from None
    log_access(state.storage, caller.actor, "history.listed", records=len(page.records))
    readings = [ReadingResponse.model_validate(record) for record in page.records]
    return ReadingPage(readings=readings, next=page.next)


@router.get(
    "/readings.csv", response_class=Response, responses=error_responses(401, 403, 409, 422) | file_response("text/csv")
)
def download_readings(state: State, caller: Reader, filters: Filters) -> Response:
    """Download all readings of a search as CSV, safe to open in a spreadsheet."""
    headers = {"Content-Disposition": 'attachment; filename="readings.csv"'}
    return Response(export_csv(state.storage, caller.actor, filters), media_type="text/csv", headers=headers)


@router.get("/readings/{reading_id}", responses=_ERRORS)
def show_reading(state: State, caller: Reader, reading_id: UUID, language: RequestedLanguage) -> ReadingDetails:
    """Return a reading with everything that is stored of it, and with an explanation in a language if one is named."""
    record = open_record(state.storage, caller.actor, reading_id)
    details = ReadingDetails.model_validate(record)
    if language is None:
        return details
    return details.model_copy(update={"explanation": _explain(state, caller, record, language)})


@router.get(
    "/readings/{reading_id}/image.png",
    response_class=Response,
    responses=_PICTURE,
)
def show_image(request: Request, state: State, caller: Reader, reading_id: UUID) -> Response:
    """Return the scan as it was read."""
    record = open_record(state.storage, caller.actor, reading_id)

    def make() -> bytes:
        return picture_of(_restore(state, caller, record, with_maps=False))

    return answer_file(request, "image/png", ["image", record.reading_id], make)


@router.get(
    "/readings/{reading_id}/overlay.png",
    response_class=Response,
    responses=_PICTURE,
)
def show_overlay(
    request: Request,
    state: State,
    caller: Reader,
    reading_id: UUID,
    opacity: Annotated[float, Query(ge=0, le=1, description="0 shows only the outline.")] = 0.65,
) -> Response:
    """Return the scan with its heat map and outline, for which it is read once more."""
    record = open_record(state.storage, caller.actor, reading_id)

    def make() -> bytes:
        return overlay_of(_restore(state, caller, record, with_maps=True), opacity)

    return answer_file(request, "image/png", ["overlay", record.reading_id, opacity], make)


@router.get(
    "/readings/{reading_id}/report.pdf",
    response_class=Response,
    responses=_REPORT,
)
def show_report(
    request: Request, state: State, caller: Reader, reading_id: UUID, language: RequestedLanguage
) -> Response:
    """Return the report of a reading with the reader's finding. It names the file, and no patient.

    The explanation in words is in the language of the request, else in English.
    """
    record = open_record(state.storage, caller.actor, reading_id)

    def make() -> bytes:
        restored = _restore(state, caller, record, with_maps=True)
        report = make_report(restored, state.detectors.get(record.version), language or DEFAULT_LANGUAGE)
        log_access(state.storage, caller.actor, "reading.exported", f"reading:{reading_id}", format="pdf")
        return report

    key = ["report", reading_id, record.opinion, record.comment, language]
    return answer_file(request, "application/pdf", key, make)


@router.put(
    "/readings/{reading_id}/finding",
    status_code=204,
    responses=error_responses(401, 403, 404, 409, 415, 422),
    tags=["findings"],
)
def put_finding(state: State, caller: Writer, reading_id: UUID, finding: FindingBody) -> None:
    """Save the own finding on a reading; it replaces an earlier one."""
    save_finding(state.storage, caller.actor, reading_id, finding.opinion, finding.comment)


@router.delete(
    "/readings/{reading_id}/finding", status_code=204, responses=error_responses(401, 403, 404, 409), tags=["findings"]
)
def delete_finding(state: State, caller: Writer, reading_id: UUID) -> None:
    """Delete the own finding on a reading."""
    save_finding(state.storage, caller.actor, reading_id, "", "")


def _explain(state: ServerState, caller: Caller, record: Record, language: str) -> ExplanationResponse | None:
    """Explain a stored reading; None if its picture or its version is gone, without which the text would have gaps."""
    detector = state.detectors.find(record.version)
    if detector is None or not record.has_scan:
        return None
    restored = restore_reading(record, read_stored_scan(state.storage, caller.actor, record.scan_id), detector)
    if restored.note or restored.reading.detection is None:
        return None
    explanation = explain_in_words(restored.reading.detection, language, artifact=detector.artifact)
    return ExplanationResponse.from_explanation(explanation)


def _restore(state: ServerState, caller: Caller, record: Record, *, with_maps: bool) -> RestoredReading:
    if record.level == STUDY:
        raise NotFoundError(f"{record.name} is a study, which has no picture of its own. Open its slices.")
    stored = read_stored_scan(state.storage, caller.actor, record.scan_id)
    detector = state.detectors.find(record.version) if with_maps else None
    if with_maps and detector is None:
        raise NotFoundError(f"The server no longer has version {record.version}, which this needs.")
    return restore_reading(record, stored, detector)
