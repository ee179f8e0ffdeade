"""Read files and store nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from braintumor.api.access import Guest
from braintumor.api.languages import RequestedLanguage
from braintumor.api.response_docs import error_responses, file_response
from braintumor.api.routes.models import require_version
from braintumor.api.schemas.predictions import PredictionRow, Predictions, SkippedScanResponse
from braintumor.api.state import State
from braintumor.api.transfer.uploads import UPLOAD_BODY, GuestFiles
from braintumor.db.access_log import log_access
from braintumor.explanation import Explanation, explain_in_words
from braintumor.inference import Detection
from braintumor.inference.registry import Artifact
from braintumor.reporting.csv_export import study_row, to_csv_bytes
from braintumor.reporting.study.result import StudyResult
from braintumor.services.file_groups import FileGroup, GroupKind
from braintumor.services.upload_reading import UploadReader, group_uploads

router = APIRouter(prefix="/api/v1", tags=["predict"])
Version = Annotated[str | None, Query(max_length=100, description="Default: the server's.", examples=["v4"])]


@router.post(
    "/predict",
    response_model=Predictions,
    responses=error_responses(400, 401, 403, 404, 408, 413, 415, 422, 429, 503) | file_response("text/csv"),
    openapi_extra=UPLOAD_BODY,
)
def predict(
    request: Request,
    state: State,
    caller: Guest,
    files: GuestFiles,
    language: RequestedLanguage,
    version: Version = None,
) -> Predictions | Response:
    """Read files and return the results. Nothing is stored.

    One row for each picture, each slice of a volume, DICOM series or ZIP archive, each study, and each file that could
    not be read. Send files of one series together. With `language` or `Accept-Language`, each row has an explanation in
    words. With `Accept: text/csv` the answer is the CSV of `braintumor predict`.
    """
    detector = state.detectors.get(require_version(state, version))
    reader = UploadReader(detector)
    groups = _join_volumes(group_uploads(files, lambda file: str(id(file))))
    readings = [(reading.id, reading.row, reading.detection) for reading in reader.read(groups)]
    state.metrics.count_readings(detector.version, len(readings))
    if caller is not None:
        counted = len(readings)
        log_access(state.storage, caller.actor, "upload.predicted", version=detector.version, slices=counted)
    studies = reader.studies()
    if "text/csv" in request.headers.get("accept", ""):
        rows = [*(row for _, row, _ in readings), *map(study_row, studies)]
        return Response(to_csv_bytes(rows), media_type="text/csv")
    explain = _Explainer(detector.artifact, language, {key: detection for key, _, detection in readings})
    return Predictions(
        model_version=detector.version,
        rows=[
            *(PredictionRow.from_row(row, detection, explain.slice(detection)) for _, row, detection in readings),
            *(PredictionRow.from_row(study_row(study), None, explain.study(study)) for study in studies),
        ],
        skipped=[SkippedScanResponse(name=scan.name, reason=str(scan.reason)) for scan in reader.skipped],
    )


@dataclass(frozen=True, slots=True)
class _Explainer:
    """Explains results in the language of a request, if it names one."""

    artifact: Artifact
    language: str | None
    detections: Mapping[str, Detection | None]

    def slice(self, detection: Detection | None) -> Explanation | None:
        if detection is None or self.language is None:
            return None
        return explain_in_words(detection, self.language, artifact=self.artifact)

    def study(self, study: StudyResult) -> Explanation | None:
        if self.language is None:
            return None
        return explain_in_words(
            study.reading, self.language, artifact=self.artifact, slices=study.slices,
            key_detection=self.detections.get(study.key_slice.id),
        )  # fmt: skip


def _join_volumes(groups: list[FileGroup]) -> list[FileGroup]:
    """Put all files that can have slices into one group, as the command line does, for rows in the same order."""
    slices = [group for group in groups if group.kind in (GroupKind.SERIES, GroupKind.MULTI_SLICE)]
    if len(slices) < 2:
        return groups
    files = tuple(file for group in slices for file in group.files)
    return [*(group for group in groups if group not in slices), FileGroup(files, "series", GroupKind.SERIES)]
