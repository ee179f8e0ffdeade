"""Results that are not stored."""

from typing import Any, Self

from pydantic import Field

from braintumor.api.schemas.base import ResponseModel
from braintumor.api.schemas.explanations import ExplanationResponse
from braintumor.enums import Verdict
from braintumor.explanation import Explanation
from braintumor.inference import Detection
from braintumor.reporting.csv_export import CsvRow


class PredictionRow(ResponseModel):
    """A row of the CSV, about a slice, a study or an unreadable file, with what the CSV does not have."""

    timestamp: str
    name: str
    level: str | None = Field(description="`slice` or `study`; null for a file that could not be read.")
    result: str | None = Field(description="Most likely class, or `tumor` and `notumor` for binary models.")
    verdict: Verdict | None
    tumor_probability: float | None
    p_glioma: float | None
    p_meningioma: float | None
    p_notumor: float | None
    p_pituitary: float | None
    ood_score: float | None = Field(description="Out-of-distribution score; rejected from 0.5.")
    model_version: str
    sha256: str | None
    area_pixels: int | None
    area_mm2: float | None
    diameter_mm: float | None
    volume_ml: float | None
    error: str | None = Field(description="Why the file could not be read.")
    reason: str | None = Field(default=None, description="Why this verdict.")
    prediction_set: list[str] = Field(default=[], description="Classes that cannot be ruled out (95%).")
    warnings: list[str] = Field(default=[])
    explanation: ExplanationResponse | None = Field(
        default=None, description="In words, if the request names a language (`language`, or `Accept-Language`)."
    )

    @classmethod
    def from_row(cls, row: CsvRow, detection: Detection | None = None, explanation: Explanation | None = None) -> Self:
        """Make it of a row of the CSV, for a slice its result, and what explains it in words."""
        values: dict[str, Any] = {name: row[name] for name in cls.model_fields if name in row}
        if detection is not None:
            values["prediction_set"] = [str(label) for label in detection.prediction_set]
            values |= {"reason": detection.reason, "warnings": list(detection.warnings)}
        if explanation is not None:
            values["explanation"] = ExplanationResponse.from_explanation(explanation)
        return cls.model_validate(values)


class SkippedScanResponse(ResponseModel):
    """A file or slice that was deliberately not read, such as a localizer."""

    name: str
    reason: str


class Predictions(ResponseModel):
    """Results of an upload, of which nothing is stored."""

    model_version: str
    rows: list[PredictionRow]
    skipped: list[SkippedScanResponse]
