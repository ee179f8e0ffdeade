"""Upload scans to the history; delete and restore them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import JSONResponse

from braintumor.api.access import Caller, Reader, Writer
from braintumor.api.response_docs import error_responses
from braintumor.api.routes.models import require_version
from braintumor.api.routes.predict import Version
from braintumor.api.schemas.jobs import JobResponse
from braintumor.api.schemas.records import ReadingResponse, SavedUpload, ScanResponse, UnreadableFile
from braintumor.api.state import ServerState, State
from braintumor.api.transfer.idempotency import IdempotencyKey, answer_once
from braintumor.api.transfer.uploads import UPLOAD_BODY, UploadedFile, WriterFiles, fingerprint
from braintumor.db.access_log import log_access
from braintumor.db.deletion import delete_scans, restore_scans
from braintumor.db.jobs.submissions import JobSummary, add_file, begin_job, cancel_job, submit_job
from braintumor.db.overview.studies import list_slices
from braintumor.db.records import save_readings
from braintumor.db.search import list_readings
from braintumor.imaging.file_format import FileFormat, detect_format
from braintumor.jobs import read_upload
from braintumor.services.reading_result import ReadingOptions
from braintumor.services.records.reading_record import hash_card, make_record
from braintumor.services.records.study_record import make_study_record
from braintumor.services.upload_reading import UploadReader, group_uploads

router = APIRouter(prefix="/api/v1/scans", tags=["scans"])
_FEW_FILES = 4
_FEW_BYTES = 16 * 2**20


@router.post(
    "",
    status_code=201,
    response_model=SavedUpload,
    responses=error_responses(400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503)
    | {202: {"model": JobResponse, "description": "A background job reads the files. Watch it at `Location`."}},
    openapi_extra=UPLOAD_BODY,
)
def upload_scans(
    request: Request,
    state: State,
    caller: Writer,
    files: WriterFiles,
    version: Version = None,
    background: Annotated[bool, Query(description="Read them in a background job in any case.")] = False,
    key: IdempotencyKey = None,
) -> JSONResponse:
    """Read files and save scans and results in the history.

    Up to four pictures are read at once (201). Volumes, archives and more files are read by a background job (202).
    The same scan, version and card are saved once.
    """
    name = require_version(state, version)
    is_job = background or len(files) > _FEW_FILES or any(_is_large(file) for file in files)

    def act() -> JSONResponse:
        return _start_job(state, caller, files, name) if is_job else _read_now(state, caller, files, name)

    return answer_once(state, caller, request, key, lambda: fingerprint(files), act)


@router.get("/{scan_id}", responses=error_responses(401, 403, 404, 409))
def show_scan(state: State, caller: Reader, scan_id: UUID) -> ScanResponse:
    """Return a scan or a study with the results of all versions, the newest first."""
    readings = [
        ReadingResponse.model_validate(record) for record in list_readings(state.storage, caller.actor, scan_id)
    ]
    log_access(state.storage, caller.actor, "scan.listed", f"scan:{scan_id}", records=len(readings))
    first = readings[0]
    slices = list(list_slices(state.storage, caller.actor, scan_id).values())
    return ScanResponse(
        id=scan_id, name=first.name, sha256=first.sha256, has_scan=first.has_scan, readings=readings, slices=slices
    )


@router.delete("/{scan_id}", status_code=204, responses=error_responses(401, 403, 404, 409))
def delete_scan(state: State, caller: Writer, scan_id: UUID) -> None:
    """Delete a scan with its results, or a study with its slices.

    It can be restored for a while (`BRAINTUMOR_RESTORE_DAYS`).
    """
    delete_scans(state.storage, caller.actor, [scan_id])


@router.post("/{scan_id}/restore", status_code=204, responses=error_responses(401, 403, 404, 409))
def restore_scan(state: State, caller: Writer, scan_id: UUID) -> None:
    """Undo the deletion of a scan, or of a study with its slices."""
    restore_scans(state.storage, caller.actor, [scan_id])


def answer_job(job: JobSummary) -> JSONResponse:
    """Return 202 with the state of a job and its address."""
    content = JobResponse.model_validate(job).model_dump(mode="json")
    return JSONResponse(content, 202, {"Location": f"/api/v1/jobs/{job.id}"})


def _is_large(file: UploadedFile) -> bool:
    return file.size > _FEW_BYTES or detect_format(file.getvalue(), file.name) in (FileFormat.NIFTI, FileFormat.ZIP)


def _start_job(state: ServerState, caller: Caller, files: list[UploadedFile], version: str) -> JSONResponse:
    storage, actor = state.storage, caller.actor
    job_id = begin_job(storage, actor, read_upload.KIND, {"version": version})
    try:
        for position, file in enumerate(files):
            add_file(storage, actor, job_id, position, file.name, file.getvalue())
        job = submit_job(storage, actor, job_id)
    except Exception:
        cancel_job(storage, actor, job_id)
        raise
    state.queue.notify(job_id)
    return answer_job(job)


def _read_now(state: ServerState, caller: Caller, files: list[UploadedFile], version: str) -> JSONResponse:
    detector = state.detectors.get(version)
    card = hash_card(detector.artifact)
    reader = UploadReader(detector, ReadingOptions(keep_scan=True))
    readings = list(reader.read(group_uploads(files, lambda file: str(id(file)))))
    errors = [UnreadableFile(name=reading.name, error=reading.error) for reading in readings if reading.error]
    slices = [reading for reading in readings if reading.detection is not None]
    if not slices:
        raise HTTPException(422, errors[0].error if errors else "The files have no slice to read.")
    state.metrics.count_readings(version, len(readings))
    saved = save_readings(state.storage, caller.actor, [make_record(reading, card) for reading in slices])
    stored = {reading.id: ids.scan_id for reading, ids in zip(slices, saved, strict=True)}
    studies = [make_study_record(study, (), stored, card) for study in reader.studies()]
    saved += save_readings(state.storage, caller.actor, studies)
    ids = {ids.scan_id: ids.reading_id for ids in saved}
    rows = [
        ReadingResponse.model_validate(record)
        for scan_id, reading_id in ids.items()
        for record in list_readings(state.storage, caller.actor, scan_id)
        if record.reading_id == reading_id
    ]
    return JSONResponse(SavedUpload(readings=rows, errors=errors).model_dump(mode="json"), 201)
