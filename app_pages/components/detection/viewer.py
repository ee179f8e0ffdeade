"""The viewer: list, stage and slices as one component in the browser, and what it is given and gives back."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import streamlit as st

from app_pages.components.detection.readings import Reading
from app_pages.components.detection.viewer_layers import COLORS, base_layer, make_panel
from app_pages.components.detection.worklist import READING_STATUS_TONES, ReadingStatus, WorklistItem, reading_status
from app_pages.components.shared.formatting import pluralize
from braintumor.inference import Detection, Detector
from braintumor.inference.decision import Thresholds

_ASSET_FOLDER: Final = Path(__file__).parent / "viewer_assets"
# Modules of the viewer; together they are one, since a component is given as one text.
_SCRIPTS: Final = ("pixels.js", "contour.js", "view.js", "list.js", "slices.js", "keys.js", "viewer.js")
VIEWER_KEY: Final = "viewer"
# Entries on the page at a time: each has a thumbnail.
PAGE_SIZE: Final = 100


class VersionDetection(NamedTuple):
    """A version's answer on the chosen scan, with the detector that gave it."""

    detection: Detection
    detector: Detector


def viewer_state(name: str) -> Any:
    """What the viewer last said under a name: `chosen`, a slice's id, or `saliency`, whether it is to be drawn."""
    return (st.session_state.get(VIEWER_KEY) or {}).get(name)


def show_viewer(
    items: Sequence[WorklistItem], item: WorklistItem, reading: Reading, detections: Sequence[VersionDetection]
) -> None:
    """Draw the list and the chosen scan.

    Parameters
    ----------
    entries : sequence of Entry
        The list, in its order.
    entry, reading : Entry, Reading
        What is chosen, and which slice of it.
    answers : sequence of Answer
        Of one version, or of two to compare; none where the file could not be read.
    """
    data = {
        "entries": [_item_data(each) for each in items],
        "scan": _scan_data(reading, detections),
        "series": _series_data(item, reading, detections[0].detector.artifact.card.thresholds if detections else None),
        "colours": COLORS,
    }
    _register_component()(key=VIEWER_KEY, data=data, on_chosen_change=_ignore_change, on_saliency_change=_ignore_change)


def _ignore_change() -> None:
    """The page reads the viewer's state as it is drawn."""


def _register_component() -> Any:
    # Registered on every run: a component belongs to the server that runs, and the same one again costs nothing.
    read = {
        name: (_ASSET_FOLDER / name).read_text(encoding="utf-8") for name in (*_SCRIPTS, "viewer.html", "viewer.css")
    }
    script = "\n".join(read[name] for name in _SCRIPTS)
    return st.components.v2.component("reading_room", html=read["viewer.html"], css=read["viewer.css"], js=script)


def _item_data(item: WorklistItem) -> dict[str, Any]:
    worst = item.most_suspicious
    kind, found = reading_status(worst), worst.detection
    several = len(item.readings) > 1
    share = "" if found is None or kind is ReadingStatus.REJECTED else f"{found.tumor_probability:.0%}"
    return {
        "ids": [reading.id for reading in item.readings],
        "worst": worst.id,
        "title": item.title,
        "kind": str(kind),
        "tone": READING_STATUS_TONES[kind],
        "share": share,
        "note": f"{item.status_counts[kind]} of {pluralize(len(item.readings), 'slice')}" if several else "",
        "thumb": "" if worst.compressed_scan is None else worst.compressed_scan.thumbnail,
    }


def _scan_data(reading: Reading, detections: Sequence[VersionDetection]) -> dict[str, Any]:
    shown = {"id": reading.id, "name": reading.name, "error": reading.error}
    if reading.compressed_scan is None:
        return shown
    scan = reading.compressed_scan.to_scan()
    return {
        **shown,
        "base": base_layer(reading.compressed_scan),
        "panes": [
            make_panel(each.detection, scan, each.detector, bool(viewer_state("saliency"))) for each in detections
        ],
    }


def _series_data(item: WorklistItem, reading: Reading, thresholds: Thresholds | None) -> dict[str, Any] | None:
    if len(item.readings) < 2:
        return None
    return {
        "title": item.title,
        "ids": [each.id for each in item.readings],
        "index": item.index_of(reading.id) or 0,
        "probabilities": [_plotted_probability(each) for each in item.readings],
        "kinds": [str(reading_status(each)).lower() for each in item.readings],
        "tones": [READING_STATUS_TONES[reading_status(each)] for each in item.readings],
        "low": None if thresholds is None else thresholds.rule_out,
        "high": None if thresholds is None else thresholds.rule_in,
    }


def _plotted_probability(reading: Reading) -> float | None:
    """Tumour probability of a slice; none of one that was refused or could not be read, as nothing was looked for."""
    found = reading.detection
    refused = found is None or reading_status(reading) is ReadingStatus.REJECTED
    return None if refused or found is None else round(found.tumor_probability, 4)
