"""PDF: one report of any number of scans, tagged and archivable (PDF/UA-1, PDF/A-2a), the same bytes each time."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Final, Literal

import typst

from braintumor.errors import BrainTumorError
from braintumor.inference.registry import ModelCard
from braintumor.reporting.report_context import report_context
from braintumor.reporting.report_scan import Failure, ReportEntry, ReportScan, ReportScans, render_report_scan
from braintumor.results.headline_metrics import HeadlineMetric

# Accessible to a screen reader (ISO 14289-1) and readable in decades (ISO 19005-2, level A). The typesetter refuses to
# write a file that breaks either as far as a program can tell.
_PDF_STANDARDS: Final[tuple[Literal["ua-1", "a-2a"], ...]] = ("ua-1", "a-2a")
# Letters beyond Latin, Greek and Cyrillic, and signs beyond punctuation and units.
_UNCOVERED_CHARACTERS: Final = re.compile(r"[^\x00-\u04ff\u2000-\u203e\u2190-\u22ff]")
_PROBE_TEMPLATE: Final = b"""#set document(title: "Probe")
#set text(lang: "en", font: ("Libertinus Serif", "DejaVu Sans Mono"))
#sys.inputs.text"""
_TYPST_CACHE_SIZE: Final = 12


def pdf_report(
    entries: Iterable[ReportEntry],
    *,
    card: ModelCard,
    headline_metrics: Sequence[HeadlineMetric] = (),
    failed_scans: Sequence[Failure] = (),
    title: str = "",
    patient_label: str = "",
    created: datetime | None = None,
) -> bytes:
    """Set a report.

    Parameters
    ----------
    entries : iterable of ReportEntry
        Scans in the order of the report; may be a generator, as each scan's arrays are let go once it is drawn. All are
        listed; of more than 200, those with a finding and the worst are shown.
    card : Card
        Of the version that read them.
    measured : sequence of Measured
        What `measured_of(artifact)` gives; without it the report says that nothing is known.
    failures : sequence of Failure
        Files that could not be read; they are listed with their sentence.
    title : str
        Heading of the report; "Brain MRI reading report" by default.
    patient_label : str
        Shown on every page as it is. The only thing that tells whose scans they are, and only where a person typed it.
    created : datetime, optional
        Time of the report; that of the latest reading by default, so that equal input gives equal bytes.

    Returns
    -------
    bytes
        PDF 1.7, in A4.
    """
    gallery = ReportScans()
    for entry in entries:
        gallery.add(render_report_scan(entry))
    return render_pdf(
        gallery.to_list(),
        card=card, headline_metrics=headline_metrics, failed_scans=failed_scans, title=title, patient_label=patient_label, created=created,
    )  # fmt: skip


def render_pdf(
    report_scans: Sequence[ReportScan],
    *,
    card: ModelCard,
    headline_metrics: Sequence[HeadlineMetric] = (),
    failed_scans: Sequence[Failure] = (),
    title: str = "",
    patient_label: str = "",
    created: datetime | None = None,
) -> bytes:
    """The same of scans that were drawn before; see `pdf_report`."""
    time = created or report_time(report_scans)
    data = report_context(report_scans, failed_scans, card, headline_metrics, title, patient_label, time)
    given = {"report": json.dumps(data, ensure_ascii=False)}
    for number, drawn in enumerate(report_scans, start=1):
        given |= {f"picture-{number}": drawn.scan_svg, f"overlay-{number}": drawn.overlay_svg}
    return _compile_report(given, time)


def report_time(report_scans: Sequence[ReportScan]) -> datetime:
    """The time a report bears: that of the latest reading or finding in it; now where there is none."""
    times = [block.detection.timestamp for block in report_scans]
    times += [block.finding.timestamp for block in report_scans if block.finding and block.finding.timestamp]
    return max(times, default=None) or datetime.now(UTC)


def _compile_report(inputs: dict[str, str], time: datetime) -> bytes:
    report, system_fonts = _to_drawable_text(inputs["report"])
    try:
        return _run_typst(_read_template(), inputs | {"report": report}, system_fonts, time)
    except typst.TypstError as error:
        raise BrainTumorError(f"The report cannot be set ({error}). Please tell the makers of this program.") from error
    finally:
        _flush_typst_cache()


def _flush_typst_cache() -> None:
    """Let the typesetter drop what it keeps of the last report, some 50 MB of pictures that may be a patient's.

    It remembers what went into its last ten documents, so it is given a few of nothing: some 5 ms each.
    """
    for number in range(_TYPST_CACHE_SIZE):
        _run_typst(_PROBE_TEMPLATE, {"text": str(number)}, False, datetime.fromtimestamp(0, UTC))


def _to_drawable_text(text: str) -> tuple[str, bool]:
    """The text as it can be drawn, and whether that takes the machine's own fonts.

    The embedded fonts are the same everywhere and hold the European alphabets. Names in another script reach for the
    machine's own fonts, and are spelled by number where those lack them too, such as `[U+8133]`.
    """
    others = "".join(sorted(set(filter(_UNCOVERED_CHARACTERS.match, text))))
    if not others:
        return text, False
    for system_fonts in (False, True):
        try:
            _run_typst(_PROBE_TEMPLATE, {"text": " ".join(others)}, system_fonts, datetime.fromtimestamp(0, UTC))
        except typst.TypstError:
            continue
        return text, system_fonts
    return _UNCOVERED_CHARACTERS.sub(lambda letter: f"[U+{ord(letter.group()):04X}]", text), False


def _run_typst(template: bytes, inputs: dict[str, str], system_fonts: bool, time: datetime) -> bytes:
    return typst.compile(
        template,
        font_paths=_load_fonts(system_fonts),
        sys_inputs=inputs,
        pdf_standards=list(_PDF_STANDARDS),
        timestamp=time.astimezone(UTC).replace(microsecond=0),
    )


@cache
def _load_fonts(system: bool) -> typst.Fonts:
    """Fonts, looked through once."""
    return typst.Fonts(include_system_fonts=system)


@cache
def _read_template() -> bytes:
    return (resources.files("braintumor.reporting") / "report.typ").read_bytes()
