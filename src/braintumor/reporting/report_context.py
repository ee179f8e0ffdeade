"""Content of a PDF report as plain data; the template only lays it out."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from braintumor.enums import RESEARCH_USE
from braintumor.imaging import FailedScan
from braintumor.inference.decision import describe_rule
from braintumor.inference.detection import Detection
from braintumor.inference.model_card import MODEL_FILE, ModelCard
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.labels import (
    class_probabilities,
    format_time,
    label_text,
    lesion_size_text,
    prediction_set_texts,
    split_paragraphs,
    to_printable,
    verdict_title,
    writing_direction,
)
from braintumor.reporting.report_scan import ReportScan, rank_by_suspicion
from braintumor.reporting.study.context import REPORT_TONES, ReportSelection, study_context
from braintumor.reporting.study.result import StudyResult
from braintumor.text import UNREADABLE_TITLE, VERDICT_TITLES, join_words, pluralize

if TYPE_CHECKING:
    from braintumor.results.headline_metrics import HeadlineMetric

Context = dict[str, Any]

DEFAULT_TITLE: Final = "Brain MRI reading report"


def report_context(
    report_scans: Sequence[ReportScan],
    failed_scans: Sequence[FailedScan],
    card: ModelCard,
    headline_metrics: "Sequence[HeadlineMetric]",
    title: str,
    patient_label: str,
    created: datetime,
    studies: Sequence[StudyResult] = (),
) -> Context:
    """Return the content of a report as JSON data. User text stays data, which the template never parses as markup."""
    selection = ReportSelection(studies)
    single_scans = [scan for scan in report_scans if not selection.is_in_study(scan.detection)]
    return {
        "title": to_printable(title) or DEFAULT_TITLE,
        "patient": to_printable(patient_label),
        "created": format_time(created),
        "summary": _summary_text(single_scans, failed_scans, studies),
        "notice": RESEARCH_USE,
        "version": card.version,
        "counts": _verdict_counts(single_scans, failed_scans, studies),
        "index": _index_rows(report_scans, selection),
        "overlays": [bool(scan.overlay_svg) for scan in report_scans],
        "studies": [study_context(result, report_scans) for result in studies],
        "failures": [_failed_scan_context(failed_scan) for failed_scan in failed_scans],
        "model": _model_rows(card, report_scans, headline_metrics),
        "intended_use": card.intended_use,
        "metrics": [
            {"title": f"{m.title}, on {m.dataset}", "value": m.metric.percent(), "sample": m.metric.sample_size()}
            for m in headline_metrics
        ],
        "limits": [limit for limit in card.limits if limit != RESEARCH_USE],  # the notice says it
        "thresholds": {"rule_out": card.thresholds.rule_out, "rule_in": card.thresholds.rule_in},
        "rule_text": _rule_text(card),
        "threshold_text": _threshold_text(card),
        "scans": [_scan_context(number, scan) for number, scan in enumerate(report_scans, start=1) if scan.scan_svg],
    }


def _summary_text(
    single_scans: Sequence[ReportScan], failed_scans: Sequence[FailedScan], studies: Sequence[StudyResult]
) -> str:
    """Return the counts, such as `1 study of 192 slices, 12 scans, 1 unreadable file`."""
    slices = sum(study.reading.counts.total for study in studies)
    parts = [f"{pluralize(len(studies), 'study', 'studies')} of {pluralize(slices, 'slice')}"] if studies else []
    parts += [pluralize(len(single_scans), "scan")] if single_scans or not studies else []
    parts += [pluralize(len(failed_scans), "unreadable file")] if failed_scans else []
    return ", ".join(parts)


def _verdict_counts(
    single_scans: Sequence[ReportScan], failed_scans: Sequence[FailedScan], studies: Sequence[StudyResult] = ()
) -> list[Context]:
    """Count studies and single scans by verdict."""
    verdicts = Counter(
        [*(scan.detection.verdict for scan in single_scans), *(each.reading.verdict for each in studies)]
    )
    counts = [{"label": title, "tone": REPORT_TONES[v], "n": verdicts[v]} for v, title in VERDICT_TITLES.items()]
    return [*counts, {"label": UNREADABLE_TITLE, "tone": "grey", "n": len(failed_scans)}]


def _index_rows(report_scans: Sequence[ReportScan], selection: ReportSelection) -> list[Context]:
    return [
        _index_row(index + 1, report_scans[index])
        for index in rank_by_suspicion(report_scans)
        if not selection.is_in_study(report_scans[index].detection)
    ]


def _index_row(number: int, report_scan: ReportScan) -> Context:
    detection, finding = report_scan.detection, report_scan.finding
    return {
        "number": number,
        "shown": bool(report_scan.scan_svg),
        "name": to_printable(detection.name),
        "verdict": verdict_title(detection),
        "tone": REPORT_TONES[detection.verdict],
        "tumor": "" if _is_rejected(detection) else f"{detection.tumor_probability:.1%}",
        "reader": finding.title or "Comment only" if finding else "",
    }


def _failed_scan_context(failed_scan: FailedScan) -> Context:
    return {
        "name": to_printable(failed_scan.name),
        "problem": to_printable(failed_scan.problem),
        "sha256": failed_scan.sha256 or "",
    }


def _model_rows(
    card: ModelCard, report_scans: Sequence[ReportScan], headline_metrics: "Sequence[HeadlineMetric]"
) -> list[list[str]]:
    """Return the rows of the first page: the model, its main metrics, and when it read the scans."""
    rows = [["Model", f"{card.version}, {card.title}" if card.title else card.version], *_model_files(card)]
    rows += [[m.title, f"{m.metric.describe()}, on {m.dataset}"] for m in headline_metrics if m.on_first_page]
    times = sorted(scan.detection.timestamp for scan in report_scans)
    if times:
        first, last = format_time(times[0]), format_time(times[-1])
        rows.append(["Scans read", first if first == last else f"{first} to {last}"])
    return rows


def _model_files(card: ModelCard) -> list[list[str]]:
    """Return the hash of the model file, or of each member's for an ensemble."""
    if not card.members:
        return [["Model file (SHA-256)", card.files.get(MODEL_FILE, "")]]
    return [[f"Model file of {version} (SHA-256)", sha256] for version, sha256 in card.model_hashes.items()]


def _rule_text(card: ModelCard) -> str:
    rule = f"Tumour probability {describe_rule(card.thresholds)}"
    if card.binary_threshold is not None:
        rule += " This model does not predict the tumour type."
    return rule


def _threshold_text(card: ModelCard) -> str:
    rule, chosen = _rule_text(card), card.thresholds.chosen.replace("`", "")
    return f"{rule} How the thresholds were chosen: {chosen}" if chosen else rule


def _scan_context(number: int, report_scan: ReportScan) -> Context:
    detection = report_scan.detection
    name = to_printable(detection.name)
    return {
        "number": number,
        "name": name,
        "verdict": verdict_title(detection),
        "tone": REPORT_TONES[detection.verdict],
        "reason": detection.reason,
        "alt": f"Scan {name}, {report_scan.width} by {report_scan.height} pixels, without overlay.",
        "has_overlay": bool(report_scan.overlay_svg),
        "overlay_alt": _overlay_alt_text(report_scan, name),
        "overlay_caption": _overlay_caption(report_scan),
        "bars": [] if _is_rejected(detection) else _probability_bars(detection),
        "details": _detail_rows(report_scan),
        "sha256": detection.sha256,
        "warnings": [to_printable(warning) for warning in report_scan.warnings],
        "finding": _finding_context(report_scan.finding),
    }


def _probability_bars(detection: Detection) -> list[Context]:
    return [{"label": p.title, "value": p.value, "text": f"{p.value:.1%}"} for p in class_probabilities(detection)]


def _overlay_caption(report_scan: ReportScan) -> str:
    items = [f"colours: evidence for {label_text(report_scan.detection)}"] if report_scan.has_heat_map else []
    items += ["blue line: outlined area"] if report_scan.has_outline else []
    return "; ".join(items) or "nothing is marked"


def _overlay_alt_text(report_scan: ReportScan, name: str) -> str:
    size = lesion_size_text(report_scan.detection)
    return f"Scan {name} with the model's overlay ({_overlay_caption(report_scan)}). Outlined area: {size}."


def _detail_rows(report_scan: ReportScan) -> list[list[str]]:
    detection = report_scan.detection
    rows = [["Image", f"{report_scan.width} × {report_scan.height} pixels, read {format_time(detection.timestamp)}"]]
    rows += [[title, to_printable(value)] for title, value in report_scan.details]
    if _is_rejected(detection):
        return rows
    score = detection.ood_score
    return [
        _prediction_row(detection),
        ["95% prediction set", join_words(prediction_set_texts(detection))],
        ["Outlined area", lesion_size_text(detection)],
        [
            "Out-of-distribution score",
            "not computed by this model" if score is None else f"{score:.2f} (rejected at 0.50 or above)",
        ],
        *rows,
    ]


def _prediction_row(detection: Detection) -> list[str]:
    text = label_text(detection)
    if detection.binary_threshold is None:
        return ["Most likely class", f"{text}, {detection.probabilities[detection.result]:.1%}"]
    return ["Prediction", f"{text} (tumour from a probability of {detection.binary_threshold:.1%})"]


def _finding_context(finding: ReaderFinding | None) -> Context | None:
    if not finding:
        return None
    time = "" if finding.timestamp is None else format_time(finding.timestamp)
    return {"title": finding.title, "time": time, "comment": _paragraphs(finding.comment)}


def _paragraphs(text: str) -> list[Context]:
    return [{"text": line, "direction": writing_direction(line)} for line in split_paragraphs(text)]


def _is_rejected(detection: Detection) -> bool:
    return not detection.verdict.has_result
