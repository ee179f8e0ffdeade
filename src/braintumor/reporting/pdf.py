"""PDF report of any number of scans: accessible (PDF/UA-1), archivable (PDF/A-2a), and reproducible byte by byte."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, Literal

from braintumor.errors import BrainTumorError
from braintumor.explanation.report import ReportExplanations
from braintumor.imaging import FailedScan
from braintumor.inference.model_card import ModelCard
from braintumor.reporting.report_context import report_context
from braintumor.reporting.report_fonts import (
    load_coverage,
    load_fonts,
    needs_bundled_fonts,
    replace_undrawable_lines,
    to_drawable_text,
)
from braintumor.reporting.report_scan import ReportEntry, ReportScan, ReportScans, render_report_scan
from braintumor.reporting.study.context import ReportSelection
from braintumor.reporting.study.result import StudyResult

if TYPE_CHECKING:
    from braintumor.results.headline_metrics import HeadlineMetric

# ISO 14289-1, for screen readers, and ISO 19005-2 level A, for archives. Typst rejects a document that violates them.
_PDF_STANDARDS: Final[tuple[Literal["ua-1", "a-2a"], ...]] = ("ua-1", "a-2a")
_TEXT_TEMPLATE: Final = b"""#set document(title: "Text")
#set text(lang: "en", font: ("Libertinus Serif", ..json(bytes(sys.inputs.fonts)), "DejaVu Sans Mono"))
#sys.inputs.text"""
_TYPST_CACHE_SIZE: Final = 12


def pdf_report(
    entries: Iterable[ReportEntry],
    *,
    card: ModelCard,
    headline_metrics: "Sequence[HeadlineMetric]" = (),
    failed_scans: Sequence[FailedScan] = (),
    studies: Sequence[StudyResult] = (),
    title: str = "",
    patient_label: str = "",
    created: datetime | None = None,
    explanations: ReportExplanations | None = None,
) -> bytes:
    """Create a report.

    Parameters
    ----------
    entries : iterable of ReportEntry
        Scans in the order of the report; a generator keeps only one scan's arrays in memory. All scans are listed;
        of more than 200, those with a finding and the most suspicious ones are shown. Of the slices of a study only
        the three to look at first and those with a finding are listed and shown.
    card : ModelCard
        Card of the model that made the predictions.
    headline_metrics : sequence of HeadlineMetric
        As returned by `headline_metrics(artifact)`. Without them the report states that the accuracy is unknown.
    failed_scans : sequence of FailedScan
        Files that could not be read, listed with their problem.
    studies : sequence of StudyResult
        Series and volumes with a page of their own.
    title : str
        Heading of the report; "Brain MRI reading report" by default.
    patient_label : str
        Text on every page. It is the only information about the patient, and only a person can enter it.
    created : datetime, optional
        Time of the report. By default the time of the latest detection or finding, so that equal input gives equal
        bytes.
    explanations : ReportExplanations, optional
        Language of the explanations in words, and the figures that they quote; None for a report without them.

    Returns
    -------
    bytes
        PDF 1.7 with A4 pages.

    Raises
    ------
    BrainTumorError
        Typst cannot create the document.
    """
    report_scans = ReportScans()
    selection = ReportSelection(studies)
    for entry in entries:
        if selection.shows(entry.detection, entry.finding):
            report_scans.add(render_report_scan(entry))
    return render_pdf(
        report_scans.to_list(), card=card, headline_metrics=headline_metrics, failed_scans=failed_scans,
        studies=studies, title=title,
        patient_label=patient_label, created=created, explanations=explanations,
    )  # fmt: skip


def render_pdf(
    report_scans: Sequence[ReportScan],
    *,
    card: ModelCard,
    headline_metrics: "Sequence[HeadlineMetric]" = (),
    failed_scans: Sequence[FailedScan] = (),
    studies: Sequence[StudyResult] = (),
    title: str = "",
    patient_label: str = "",
    created: datetime | None = None,
    explanations: ReportExplanations | None = None,
) -> bytes:
    """Create a report of scans that are already rendered; see `pdf_report`."""
    time = created or report_time(report_scans, studies)
    selection = ReportSelection(studies)
    report_scans = [scan for scan in report_scans if selection.shows(scan.detection, scan.finding)]
    context = report_context(report_scans, failed_scans, card, headline_metrics, title, patient_label, time, studies)
    if explanations is not None:
        detections = [scan.detection for scan in report_scans]
        explanations.add_to(context, card, detections, [(study.reading, study.slices) for study in studies])
    inputs = {"report": json.dumps(context, ensure_ascii=False)}
    for number, report_scan in enumerate(report_scans, start=1):
        inputs |= {f"scan-{number}": report_scan.scan_svg, f"overlay-{number}": report_scan.overlay_svg}
    return _compile_report(inputs, time)


def report_time(report_scans: Sequence[ReportScan], studies: Sequence[StudyResult] = ()) -> datetime:
    """Return the time of the latest detection or finding of a report; now if there is none."""
    times = [scan.detection.timestamp for scan in report_scans]
    times += [datetime.fromisoformat(study.timestamp) for study in studies]
    times += [scan.finding.timestamp for scan in report_scans if scan.finding and scan.finding.timestamp]
    return max(times, default=None) or datetime.now(UTC)


def _compile_report(inputs: dict[str, str], time: datetime) -> bytes:
    import typst

    template, with_bundled = _read_template(), needs_bundled_fonts(inputs["report"])
    inputs = inputs | {"report": to_drawable_text(inputs["report"])}
    try:
        try:
            return _run_typst(template, inputs, time, with_bundled)
        except typst.TypstError:
            if not with_bundled:
                raise
            inputs["report"] = replace_undrawable_lines(inputs["report"], _can_draw)
            return _run_typst(template, inputs, time, with_bundled)
    except typst.TypstError as error:
        raise BrainTumorError(f"Could not create the PDF report ({error}). Please report this bug.") from error
    finally:
        _flush_typst_cache()


def _can_draw(text: str) -> bool:
    import typst

    try:
        _run_typst(_TEXT_TEMPLATE, {"text": text}, datetime.fromtimestamp(0, UTC), with_bundled_fonts=True)
    except typst.TypstError:
        return False
    return True


def _flush_typst_cache() -> None:
    """Remove the last report from the cache of Typst: about 50 MB of images that may show a patient.

    Typst caches the inputs of its last ten documents, so a few empty ones of about 5 ms each replace them.
    """
    for number in range(_TYPST_CACHE_SIZE):
        _run_typst(_TEXT_TEMPLATE, {"text": str(number)}, datetime.fromtimestamp(0, UTC))


def _run_typst(template: bytes, inputs: dict[str, str], time: datetime, with_bundled_fonts: bool = False) -> bytes:
    import typst

    families = load_coverage().families if with_bundled_fonts else ()
    return typst.compile(
        template,
        font_paths=load_fonts(with_bundled_fonts),
        sys_inputs=inputs | {"fonts": json.dumps(families)},
        pdf_standards=list(_PDF_STANDARDS),
        timestamp=time.astimezone(UTC).replace(microsecond=0),
    )


@cache
def _read_template() -> bytes:
    return (resources.files("braintumor.reporting") / "report.typ").read_bytes()
