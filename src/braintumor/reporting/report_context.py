"""Sheet: blocks and a model's card -> the plain data a report is set from; the template draws and decides nothing."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from braintumor.enums import RESEARCH_USE, Verdict
from braintumor.inference.detection import Detection
from braintumor.inference.registry import MODEL_FILE, ModelCard
from braintumor.reporting.csv_export import lesion_size
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.labels import (
    VERDICT_TONES,
    VERDICTS,
    class_probabilities,
    format_time,
    join_words,
    label_text,
    pluralize,
    prediction_set_texts,
    split_paragraphs,
    to_printable,
)
from braintumor.reporting.report_scan import Failure, ReportScan, rank_by_suspicion
from braintumor.results.headline_metrics import HeadlineMetric

DEFAULT_TITLE = "Brain MRI reading report"
Context = dict[str, Any]


def report_context(
    report_scans: Sequence[ReportScan],
    failed_scans: Sequence[Failure],
    card: ModelCard,
    headline_metrics: Sequence[HeadlineMetric],
    title: str,
    patient_label: str,
    created: datetime,
) -> Context:
    """Everything a report says, as data of the kinds JSON knows. Typed text stays data all the way to the page."""
    return {
        "title": to_printable(title) or DEFAULT_TITLE,
        "patient": to_printable(patient_label),
        "created": format_time(created),
        "summary": _summary_text(report_scans, failed_scans),
        "notice": RESEARCH_USE,
        "version": card.version,
        "counts": _verdict_counts(report_scans, failed_scans),
        "index": _index_rows(report_scans),
        "failures": [_failed_scan_context(failure) for failure in failed_scans],
        "model": _model_rows(card, report_scans, headline_metrics),
        "intended": str(card.raw.get("intended_use") or ""),
        "measured": [
            {"what": f"{m.title}, on {m.dataset}", "value": str(m), "evidence": m.sample_size} for m in headline_metrics
        ],
        "limits": [str(limit) for limit in card.raw.get("limits") or ()],
        "thresholds": {"low": card.thresholds.rule_out, "high": card.thresholds.rule_in},
        "threshold_words": _threshold_text(card),
        "scans": [_scan_context(number, block) for number, block in enumerate(report_scans, start=1) if block.scan_svg],
    }


def _summary_text(report_scans: Sequence[ReportScan], failed_scans: Sequence[Failure]) -> str:
    """What a report is of, such as `12 scans, 1 file that could not be read`."""
    unread = f", {pluralize(len(failed_scans), 'file')} that could not be read" if failed_scans else ""
    return f"{pluralize(len(report_scans), 'scan')}{unread}"


def _verdict_counts(report_scans: Sequence[ReportScan], failed_scans: Sequence[Failure]) -> list[Context]:
    verdicts = Counter(block.detection.verdict for block in report_scans)
    found = [{"label": title, "tone": VERDICT_TONES[v], "n": verdicts[v]} for v, title in VERDICTS.items()]
    return [*found, {"label": "Could not be read", "tone": "grey", "n": len(failed_scans)}]


def _index_rows(report_scans: Sequence[ReportScan]) -> list[Context]:
    return [
        {
            "number": place + 1,
            "shown": bool(block.scan_svg),
            "name": to_printable(block.detection.name),
            "verdict": VERDICTS[block.detection.verdict],
            "tone": VERDICT_TONES[block.detection.verdict],
            "tumor": "" if _is_rejected(block) else f"{block.detection.tumor_probability:.1%}",
            "reader": block.finding.title or "Comment only" if block.finding else "",
        }
        for place in rank_by_suspicion(report_scans)
        for block in [report_scans[place]]
    ]


def _failed_scan_context(failed_scan: Failure) -> Context:
    return {
        "name": to_printable(failed_scan.name),
        "problem": to_printable(failed_scan.problem),
        "sha256": failed_scan.sha256 or "",
    }


def _model_rows(
    card: ModelCard, report_scans: Sequence[ReportScan], headline_metrics: Sequence[HeadlineMetric]
) -> list[list[str]]:
    """What stands on the first page whatever else does: which model read the scans, when, and how good it is."""
    times = sorted(block.detection.timestamp for block in report_scans)
    rows = [
        ["Model version", f"{card.version}, {card.raw['title']}" if card.raw.get("title") else card.version],
        *_model_files(card),
    ]
    rows += [[m.title, f"{m}, 95% interval, on {m.dataset}"] for m in headline_metrics if m.on_first_page]
    if times:
        first, last = format_time(times[0]), format_time(times[-1])
        rows.append(["Scans read", first if first == last else f"{first} to {last}"])
    return rows


def _model_files(card: ModelCard) -> list[list[str]]:
    """The hash of the model file, or of each member's for an ensemble."""
    if not card.members:
        return [["Model file (SHA-256)", card.files.get(MODEL_FILE, "")]]
    return [[f"Model file of {version} (SHA-256)", sha256] for version, sha256 in card.model_hashes.items()]


def _threshold_text(card: ModelCard) -> str:
    chosen = str(card.raw.get("thresholds", {}).get("chosen") or "").replace("`", "")
    said = (
        f"A scan is cleared at a tumour probability of {card.thresholds.rule_out:.1%} or less and called at "
        f"{card.thresholds.rule_in:.1%} or more; between the two a reader should decide."
    )
    if card.binary_threshold is not None:
        said += " This version tells tumour from none, and no kind of tumour from another."
    return f"{said} How they were chosen: {chosen}" if chosen else said


def _is_rejected(report_scan: ReportScan) -> bool:
    return report_scan.detection.verdict is Verdict.NOT_BRAIN_MRI


def _scan_context(number: int, report_scan: ReportScan) -> Context:
    found = report_scan.detection
    name = to_printable(found.name)
    return {
        "number": number,
        "name": name,
        "verdict": VERDICTS[found.verdict],
        "tone": VERDICT_TONES[found.verdict],
        "reason": found.reason,
        "alt": f"Scan {name}, {report_scan.width} by {report_scan.height} pixels, as it was read.",
        "overlay": bool(report_scan.overlay_svg),
        "overlay_alt": _overlay_alt_text(report_scan, name),
        "overlay_words": _overlay_caption(report_scan),
        "bars": [] if _is_rejected(report_scan) else _probability_bars(report_scan),
        "facts": _detail_rows(report_scan),
        "sha256": found.sha256,
        "warnings": [to_printable(warning) for warning in report_scan.warnings],
        "finding": _finding_context(report_scan.finding),
    }


def _probability_bars(report_scan: ReportScan) -> list[Context]:
    return [
        {"label": chance.title, "value": chance.value, "shown": f"{chance.value:.1%}"}
        for chance in class_probabilities(report_scan.detection)
    ]


def _overlay_caption(report_scan: ReportScan) -> str:
    parts = ["colours: evidence for " + label_text(report_scan.detection)] if report_scan.has_heat_map else []
    parts += ["blue line: outlined tumour"] if report_scan.has_outline else []
    return "; ".join(parts) or "nothing was marked on it"


def _overlay_alt_text(report_scan: ReportScan, name: str) -> str:
    return f"The same scan {name} with what the model marked; {_overlay_caption(report_scan)}. {lesion_size(report_scan.detection)}."


def _detail_rows(report_scan: ReportScan) -> list[list[str]]:
    found = report_scan.detection
    facts = [["Image", f"{report_scan.width} × {report_scan.height} pixels, read {format_time(found.timestamp)}"]]
    facts += [[what, to_printable(how)] for what, how in report_scan.details]
    if _is_rejected(report_scan):
        return facts
    novelty = (
        "not measured by this version" if found.ood_score is None else f"{found.ood_score:.2f} (refused from 0.50)"
    )
    return [
        _prediction_row(found),
        ["Answer at 95% coverage", join_words(prediction_set_texts(found))],
        ["Outlined area", str(lesion_size(found))],
        ["Novelty", novelty],
        *facts,
    ]


def _prediction_row(detection: Detection) -> list[str]:
    if detection.binary_threshold is None:
        return ["Likeliest class", f"{label_text(detection)}, {detection.probabilities[detection.result]:.1%}"]
    return [
        "Answer",
        f"{label_text(detection)} (tumour is said from a probability of {detection.binary_threshold:.1%})",
    ]


def _finding_context(finding: ReaderFinding | None) -> Context | None:
    if not finding:
        return None
    time = "" if finding.timestamp is None else format_time(finding.timestamp)
    return {"title": finding.title, "time": time, "comment": split_paragraphs(finding.comment)}
