"""PDF report of any number of scans: accessible (PDF/UA-1), archivable (PDF/A-2a), and reproducible byte by byte."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, Literal

from braintumor.errors import BrainTumorError
from braintumor.imaging import FailedScan
from braintumor.inference.model_card import ModelCard
from braintumor.reporting.report_context import report_context
from braintumor.reporting.report_scan import ReportEntry, ReportScan, ReportScans, render_report_scan

if TYPE_CHECKING:
    import typst

    from braintumor.results.headline_metrics import HeadlineMetric

# ISO 14289-1, for screen readers, and ISO 19005-2 level A, for archives. Typst rejects a document that violates them.
_PDF_STANDARDS: Final[tuple[Literal["ua-1", "a-2a"], ...]] = ("ua-1", "a-2a")
# Letters beyond Latin, Greek and Cyrillic, and symbols beyond punctuation and units.
_UNCOVERED_CHARACTERS: Final = re.compile(r"[^\x00-\u04ff\u2000-\u203e\u2190-\u22ff]")
_PROBE_TEMPLATE: Final = b"""#set document(title: "Probe")
#set text(lang: "en", font: ("Libertinus Serif", "DejaVu Sans Mono"))
#sys.inputs.text"""
_TYPST_CACHE_SIZE: Final = 12


def pdf_report(
    entries: Iterable[ReportEntry],
    *,
    card: ModelCard,
    headline_metrics: "Sequence[HeadlineMetric]" = (),
    failed_scans: Sequence[FailedScan] = (),
    title: str = "",
    patient_label: str = "",
    created: datetime | None = None,
) -> bytes:
    """Create a report.

    Parameters
    ----------
    entries : iterable of ReportEntry
        Scans in the order of the report; a generator keeps only one scan's arrays in memory. All scans are listed;
        of more than 200, those with a finding and the most suspicious ones are shown.
    card : ModelCard
        Card of the model that made the predictions.
    headline_metrics : sequence of HeadlineMetric
        As returned by `headline_metrics(artifact)`. Without them the report states that the accuracy is unknown.
    failed_scans : sequence of FailedScan
        Files that could not be read, listed with their problem.
    title : str
        Heading of the report; "Brain MRI reading report" by default.
    patient_label : str
        Text on every page. It is the only information about the patient, and only a person can enter it.
    created : datetime, optional
        Time of the report. By default the time of the latest detection or finding, so that equal input gives equal
        bytes.

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
    for entry in entries:
        report_scans.add(render_report_scan(entry))
    return render_pdf(
        report_scans.to_list(), card=card, headline_metrics=headline_metrics, failed_scans=failed_scans, title=title,
        patient_label=patient_label, created=created,
    )  # fmt: skip


def render_pdf(
    report_scans: Sequence[ReportScan],
    *,
    card: ModelCard,
    headline_metrics: "Sequence[HeadlineMetric]" = (),
    failed_scans: Sequence[FailedScan] = (),
    title: str = "",
    patient_label: str = "",
    created: datetime | None = None,
) -> bytes:
    """Create a report of scans that are already rendered; see `pdf_report`."""
    time = created or report_time(report_scans)
    context = report_context(report_scans, failed_scans, card, headline_metrics, title, patient_label, time)
    inputs = {"report": json.dumps(context, ensure_ascii=False)}
    for number, report_scan in enumerate(report_scans, start=1):
        inputs |= {f"scan-{number}": report_scan.scan_svg, f"overlay-{number}": report_scan.overlay_svg}
    return _compile_report(inputs, time)


def report_time(report_scans: Sequence[ReportScan]) -> datetime:
    """Return the time of the latest detection or finding of a report; now if there is none."""
    times = [scan.detection.timestamp for scan in report_scans]
    times += [scan.finding.timestamp for scan in report_scans if scan.finding and scan.finding.timestamp]
    return max(times, default=None) or datetime.now(UTC)


def _compile_report(inputs: dict[str, str], time: datetime) -> bytes:
    import typst

    report, use_system_fonts = _to_drawable_text(inputs["report"])
    try:
        return _run_typst(_read_template(), inputs | {"report": report}, use_system_fonts, time)
    except typst.TypstError as error:
        raise BrainTumorError(f"Could not create the PDF report ({error}). Please report this bug.") from error
    finally:
        _flush_typst_cache()


def _flush_typst_cache() -> None:
    """Remove the last report from the cache of Typst: about 50 MB of images that may show a patient.

    Typst caches the inputs of its last ten documents, so a few empty ones of about 5 ms each replace them.
    """
    for number in range(_TYPST_CACHE_SIZE):
        _run_typst(_PROBE_TEMPLATE, {"text": str(number)}, False, datetime.fromtimestamp(0, UTC))


def _to_drawable_text(text: str) -> tuple[str, bool]:
    """Return text that the fonts can draw, and whether system fonts are needed.

    The embedded fonts are the same everywhere and contain the European alphabets. Other scripts use the system fonts;
    characters that these lack too are replaced by their code, such as `[U+8133]`.
    """
    import typst

    uncovered = "".join(sorted(set(filter(_UNCOVERED_CHARACTERS.match, text))))
    if not uncovered:
        return text, False
    for use_system_fonts in (False, True):
        try:
            inputs = {"text": " ".join(uncovered)}
            _run_typst(_PROBE_TEMPLATE, inputs, use_system_fonts, datetime.fromtimestamp(0, UTC))
        except typst.TypstError:
            continue
        return text, use_system_fonts
    return _UNCOVERED_CHARACTERS.sub(lambda character: f"[U+{ord(character.group()):04X}]", text), False


def _run_typst(template: bytes, inputs: dict[str, str], use_system_fonts: bool, time: datetime) -> bytes:
    import typst

    return typst.compile(
        template,
        font_paths=_load_fonts(use_system_fonts),
        sys_inputs=inputs,
        pdf_standards=list(_PDF_STANDARDS),
        timestamp=time.astimezone(UTC).replace(microsecond=0),
    )


@cache
def _load_fonts(use_system_fonts: bool) -> "typst.Fonts":
    import typst

    return typst.Fonts(include_system_fonts=use_system_fonts)


@cache
def _read_template() -> bytes:
    return (resources.files("braintumor.reporting") / "report.typ").read_bytes()
