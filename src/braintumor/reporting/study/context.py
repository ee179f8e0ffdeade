"""Texts about a study for the page and the PDF report, and its part of the report as plain data."""

from collections.abc import Sequence
from typing import Any, Final

from braintumor.enums import Plane, Verdict
from braintumor.explanation.limits import MAX_KEY_SLICES
from braintumor.inference.detection import Detection
from braintumor.inference.study import StudyReading, StudySlice
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.labels import label_text, to_printable
from braintumor.reporting.report_scan import ReportScan
from braintumor.reporting.study.result import StudyResult
from braintumor.text import VERDICT_TITLES, format_score, join_words, pluralize, verdict_text

# Names of colours in the template.
REPORT_TONES: Final[dict[Verdict, str]] = {
    Verdict.TUMOR_SUSPECTED: "red",
    Verdict.UNCERTAIN: "amber",
    Verdict.NO_TUMOR_FOUND: "green",
    Verdict.OUTSIDE_FIELD: "grey",
    Verdict.NOT_BRAIN_MRI: "grey",
}
_AGREEMENT_TEXTS: Final = {True: "the planes agree", False: "the planes disagree"}


class ReportSelection:
    """Decides which scans a report shows: all but the slices of studies, of which only some are shown.

    Parameters
    ----------
    studies : sequence of StudyResult
        The studies of the report, which have a page each.
    """

    def __init__(self, studies: Sequence[StudyResult]) -> None:
        self._slices = {each.name for study in studies for each in study.slices}
        self._key_slices = {each.name for study in studies for each in study.reading.key_slices[:MAX_KEY_SLICES]}

    def is_in_study(self, detection: Detection) -> bool:
        """Whether a scan is a slice of one of the studies."""
        return detection.series is not None and detection.name in self._slices

    def shows(self, detection: Detection, finding: ReaderFinding | None) -> bool:
        """Whether the report shows a scan: no slice of a study, or one to look at first, or one with a finding."""
        return bool(finding) or not self.is_in_study(detection) or detection.name in self._key_slices


def study_details(reading: StudyReading) -> list[tuple[str, str]]:
    """Return title and text of what is known about a study besides its verdict and reason."""
    rows = []
    if reading.verdict.has_result:
        share = f", {reading.probabilities[reading.result]:.1%}" if reading.is_multiclass else ""
        rows.append(("Most likely class", f"{label_text(reading)}{share}"))
        rows.append(("Lesion", reading.describe_lesion() or "nothing outlined"))
    rows.append(("Planes", _planes_text(reading)))
    rows.append(("Slices", reading.counts.describe()))
    rows.append(("Look first at", join_words(map(_slice_text, reading.key_slices[:MAX_KEY_SLICES]))))
    return rows


def _slice_text(each: StudySlice) -> str:
    return each.name if each.plane is Plane.UNKNOWN else f"{each.plane} slice {each.order + 1}"


def _planes_text(reading: StudyReading) -> str:
    parts = []
    for plane in reading.planes:
        score = "" if plane.score is None else f" ({format_score(plane.score)})"
        parts.append(f"{plane.name}: {verdict_text(plane.verdict)}{score}")
    agreement = "" if reading.planes_agree is None else f"; {_AGREEMENT_TEXTS[reading.planes_agree]}"
    return f"{', '.join(parts)}{agreement}"


def study_context(result: StudyResult, report_scans: Sequence[ReportScan]) -> dict[str, Any]:
    """Return the page about a study; `key` is the number of its key slice, 0 if the report does not show it."""
    reading = result.reading
    return {
        "name": to_printable(result.name),
        "verdict": VERDICT_TITLES[reading.verdict],
        "tone": REPORT_TONES[reading.verdict],
        "score": f"{reading.tumor_probability:.1%}" if reading.verdict.has_result else "",
        "reason": reading.reason,
        "details": [[title, to_printable(text)] for title, text in study_details(reading)],
        "sha256": result.sha256,
        "key": _key_number(result.key_slice, report_scans),
        "key_alt": f"Most suspicious slice of the study, {to_printable(result.key_slice.name)}.",
        "strips": [
            {"name": f"{name}, {pluralize(len(slices), 'slice')} read", "bars": [_bar(each) for each in slices]}
            for name, slices in result.strips()
        ],
    }


def _key_number(key_slice: StudySlice, report_scans: Sequence[ReportScan]) -> int:
    numbers = (
        number
        for number, scan in enumerate(report_scans, start=1)
        if scan.detection.name == key_slice.name and scan.scan_svg
    )
    return next(numbers, 0)


def _bar(each: StudySlice) -> dict[str, Any]:
    """Return height and colour of a slice in the strip; slices that do not vote are drawn at minimum height."""
    return {"value": each.tumor_probability if each.votes else 0.0, "tone": REPORT_TONES[each.verdict]}
