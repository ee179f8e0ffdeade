"""Sheet: blocks and a model's card -> the plain data a report is set from; the template draws and decides nothing."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from braintumor.inference.artifact import MODEL, Card
from braintumor.inference.detection import Detection
from braintumor.reporting.answer import answer_word, chances, set_words
from braintumor.reporting.block import Block
from braintumor.reporting.entry import Failure
from braintumor.reporting.gallery import worst_first
from braintumor.reporting.measured import Measured
from braintumor.reporting.measures import measures
from braintumor.reporting.opinion import ReaderFinding
from braintumor.reporting.words import TONES, VERDICTS, count, listed, moment, paragraphs, shown
from braintumor.vocabulary import RESEARCH_USE, Verdict

TITLE = "Brain MRI reading report"
Data = dict[str, Any]


def sheet(
    blocks: Sequence[Block],
    failures: Sequence[Failure],
    card: Card,
    measured: Sequence[Measured],
    title: str,
    patient_label: str,
    created: datetime,
) -> Data:
    """Everything a report says, as data of the kinds JSON knows. Typed text stays data all the way to the page."""
    return {
        "title": shown(title) or TITLE,
        "patient": shown(patient_label),
        "created": moment(created),
        "summary": _summary(blocks, failures),
        "notice": RESEARCH_USE,
        "version": card.version,
        "counts": _counts(blocks, failures),
        "index": _index(blocks),
        "failures": [_failure(failure) for failure in failures],
        "model": _model(card, blocks, measured),
        "intended": str(card.raw.get("intended_use") or ""),
        "measured": [{"what": f"{m.what}, on {m.where}", "value": str(m), "evidence": m.evidence} for m in measured],
        "limits": [str(limit) for limit in card.raw.get("limits") or ()],
        "thresholds": {"low": card.thresholds.low, "high": card.thresholds.high},
        "threshold_words": _threshold_words(card),
        "scans": [_scan(number, block) for number, block in enumerate(blocks, start=1) if block.picture],
    }


def _summary(blocks: Sequence[Block], failures: Sequence[Failure]) -> str:
    """What a report is of, such as `12 scans, 1 file that could not be read`."""
    unread = f", {count(len(failures), 'file')} that could not be read" if failures else ""
    return f"{count(len(blocks), 'scan')}{unread}"


def _counts(blocks: Sequence[Block], failures: Sequence[Failure]) -> list[Data]:
    verdicts = Counter(block.detection.verdict for block in blocks)
    found = [{"label": title, "tone": TONES[v], "n": verdicts[v]} for v, title in VERDICTS.items()]
    return [*found, {"label": "Could not be read", "tone": "grey", "n": len(failures)}]


def _index(blocks: Sequence[Block]) -> list[Data]:
    return [
        {
            "number": place + 1,
            "shown": bool(block.picture),
            "name": shown(block.detection.name),
            "verdict": VERDICTS[block.detection.verdict],
            "tone": TONES[block.detection.verdict],
            "tumor": "" if _refused(block) else f"{block.detection.tumor_probability:.1%}",
            "reader": block.finding.title or "Comment only" if block.finding else "",
        }
        for place in worst_first(blocks)
        for block in [blocks[place]]
    ]


def _failure(failure: Failure) -> Data:
    return {"name": shown(failure.name), "problem": shown(failure.problem), "sha256": failure.sha256 or ""}


def _model(card: Card, blocks: Sequence[Block], measured: Sequence[Measured]) -> list[list[str]]:
    """What stands on the first page whatever else does: which model read the scans, when, and how good it is."""
    times = sorted(block.detection.timestamp for block in blocks)
    rows = [
        ["Model version", f"{card.version}, {card.raw['title']}" if card.raw.get("title") else card.version],
        *_model_files(card),
    ]
    rows += [[m.what, f"{m}, 95% interval, on {m.where}"] for m in measured if m.first]
    if times:
        first, last = moment(times[0]), moment(times[-1])
        rows.append(["Scans read", first if first == last else f"{first} to {last}"])
    return rows


def _model_files(card: Card) -> list[list[str]]:
    """The hash of the model file, or of each member's for an ensemble."""
    if not card.members:
        return [["Model file (SHA-256)", card.files.get(MODEL, "")]]
    return [[f"Model file of {version} (SHA-256)", sha256] for version, sha256 in card.model_hashes.items()]


def _threshold_words(card: Card) -> str:
    chosen = str(card.raw.get("thresholds", {}).get("chosen") or "").replace("`", "")
    said = (
        f"A scan is cleared at a tumour probability of {card.thresholds.low:.1%} or less and called at "
        f"{card.thresholds.high:.1%} or more; between the two a reader should decide."
    )
    if card.decision is not None:
        said += " This version tells tumour from none, and no kind of tumour from another."
    return f"{said} How they were chosen: {chosen}" if chosen else said


def _refused(block: Block) -> bool:
    return block.detection.verdict is Verdict.NOT_BRAIN_MRI


def _scan(number: int, block: Block) -> Data:
    found = block.detection
    name = shown(found.name)
    return {
        "number": number,
        "name": name,
        "verdict": VERDICTS[found.verdict],
        "tone": TONES[found.verdict],
        "reason": found.reason,
        "alt": f"Scan {name}, {block.width} by {block.height} pixels, as it was read.",
        "overlay": bool(block.overlay),
        "overlay_alt": _overlay_alt(block, name),
        "overlay_words": _overlay_words(block),
        "bars": [] if _refused(block) else _bars(block),
        "facts": _facts(block),
        "sha256": found.sha256,
        "warnings": [shown(warning) for warning in block.warnings],
        "finding": _finding(block.finding),
    }


def _bars(block: Block) -> list[Data]:
    return [
        {"label": chance.title, "value": chance.value, "shown": f"{chance.value:.1%}"}
        for chance in chances(block.detection)
    ]


def _overlay_words(block: Block) -> str:
    parts = ["colours: evidence for " + answer_word(block.detection)] if block.heated else []
    parts += ["blue line: outlined tumour"] if block.outlined else []
    return "; ".join(parts) or "nothing was marked on it"


def _overlay_alt(block: Block, name: str) -> str:
    return f"The same scan {name} with what the model marked; {_overlay_words(block)}. {measures(block.detection)}."


def _facts(block: Block) -> list[list[str]]:
    found = block.detection
    facts = [["Image", f"{block.width} × {block.height} pixels, read {moment(found.timestamp)}"]]
    facts += [[what, shown(how)] for what, how in block.origin]
    if _refused(block):
        return facts
    novelty = "not measured by this version" if found.novelty is None else f"{found.novelty:.2f} (refused from 0.50)"
    return [
        _answer(found),
        ["Answer at 95% coverage", listed(set_words(found))],
        ["Outlined area", str(measures(found))],
        ["Novelty", novelty],
        *facts,
    ]


def _answer(found: Detection) -> list[str]:
    if found.decision is None:
        return ["Likeliest class", f"{answer_word(found)}, {found.probabilities[found.result]:.1%}"]
    return ["Answer", f"{answer_word(found)} (tumour is said from a probability of {found.decision:.1%})"]


def _finding(finding: ReaderFinding | None) -> Data | None:
    if not finding:
        return None
    time = "" if finding.timestamp is None else moment(finding.timestamp)
    return {"title": finding.title, "time": time, "comment": paragraphs(finding.comment)}
