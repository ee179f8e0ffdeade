"""Read files and store nothing."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from braintumor.api.access import Guest
from braintumor.api.answers import file, problems
from braintumor.api.routes.models import require_version
from braintumor.api.schemas.predictions import PredictionRow, Predictions, SetAside
from braintumor.api.state import State
from braintumor.api.transfer.uploads import UPLOAD_BODY, GuestFiles
from braintumor.db.access_log import note_access
from braintumor.reporting.csv_export import to_csv_bytes
from braintumor.services.file_groups import FileGroup, GroupKind
from braintumor.services.upload_reading import UploadReader, group_uploads

router = APIRouter(prefix="/api/v1", tags=["predict"])
Version = Annotated[str | None, Query(max_length=100, description="Default: the server's.", examples=["v4"])]


@router.post(
    "/predict",
    response_model=Predictions,
    responses=problems(400, 401, 403, 404, 408, 413, 415, 422, 429, 503) | file("text/csv"),
    openapi_extra=UPLOAD_BODY,
)
def predict(
    request: Request, state: State, caller: Guest, files: GuestFiles, version: Version = None
) -> Predictions | Response:
    """Read files and return the results. Nothing is stored.

    One row for each picture, each slice of a volume, DICOM series or ZIP archive, each study, and each file that could
    not be read. Send files of one series together. With `Accept: text/csv` the answer is the CSV of `braintumor
    predict`.
    """
    detector = state.detectors.get(require_version(state, version))
    reader = UploadReader(detector)
    groups = _join_volumes(group_uploads(files, lambda file: str(id(file))))
    readings = [(reading.row, reading.detection) for reading in reader.read(groups)]
    state.metrics.count_readings(detector.version, len(readings))
    if caller is not None:
        counted = len(readings)
        note_access(state.storage, caller.actor, "upload.predicted", version=detector.version, slices=counted)
    studies = reader.study_rows()
    if "text/csv" in request.headers.get("accept", ""):
        return Response(to_csv_bytes([*(row for row, _ in readings), *studies]), media_type="text/csv")
    rows = [PredictionRow.from_row(row, detection) for row, detection in readings]
    return Predictions(
        model_version=detector.version,
        rows=[*rows, *map(PredictionRow.from_row, studies)],
        skipped=[SetAside(name=scan.name, reason=str(scan.reason)) for scan in reader.skipped],
    )


def _join_volumes(groups: list[FileGroup]) -> list[FileGroup]:
    """Put all files that can have slices into one group, as the command line does, for rows in the same order."""
    slices = [group for group in groups if group.kind in (GroupKind.SERIES, GroupKind.MULTI_SLICE)]
    if len(slices) < 2:
        return groups
    files = tuple(file for group in slices for file in group.files)
    return [*(group for group in groups if group not in slices), FileGroup(files, "series", GroupKind.SERIES)]
