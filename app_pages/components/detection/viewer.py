"""Viewer in the browser: worklist, image and slice slider as one component, and the data it receives."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import streamlit as st

from app_pages.components.detection.planes.linked_planes import linked_planes
from app_pages.components.detection.result_card import score_text
from app_pages.components.detection.session import current_session
from app_pages.components.detection.viewer_layers import COLORS, base_layer, make_panel
from app_pages.components.detection.worklist import READING_STATUS_TONES, WorklistItem, reading_status, slice_index
from app_pages.components.shared.formatting import pluralize
from app_pages.components.shared.page_tools import read_asset
from braintumor.inference import Detection, Detector
from braintumor.inference.decision import Thresholds
from braintumor.services.reading_result import Reading
from braintumor.text import format_score

_ASSET_FOLDER: Final = Path(__file__).parent / "viewer_assets"
# Concatenated, since a component takes one script.
_SCRIPTS: Final = (
    "windowing.js", "pixels.js", "contour.js", "marks.js", "viewport.js", "window_controls.js", "crop.js", "ruler.js",
    "planes.js", "controls.js", "worklist.js", "slices.js", "viewer.js",
)  # fmt: skip
VIEWER_KEY: Final = "viewer"
# Worklist items on the page at a time: each has a thumbnail.
PAGE_SIZE: Final = 100


class VersionDetection(NamedTuple):
    """The result of one version for the selected scan, and its detector."""

    detection: Detection
    detector: Detector


def viewer_state(name: str) -> Any:
    """Return a value the viewer reported.

    `chosen` is a slice ID, `saliency` whether to compute the saliency map, and `edit` the last request to change a scan
    (see `edit_tools.requested_edit`). `planes` is whether to show other planes, and `position` where they cross.
    """
    return (st.session_state.get(VIEWER_KEY) or {}).get(name)


def show_viewer(
    items: Sequence[WorklistItem],
    item: WorklistItem,
    reading: Reading,
    detections: Sequence[VersionDetection],
    can_edit: bool = True,
) -> None:
    """Draw the worklist and the selected scan.

    Parameters
    ----------
    items : sequence of WorklistItem
        The worklist, in display order.
    item, reading : WorklistItem, Reading
        The selected item and its selected slice.
    detections : sequence of VersionDetection
        Of one version, or of two to compare; empty if the file could not be read.
    can_edit : bool
        Whether the scan can be turned, cropped and inverted.
    """
    thresholds = detections[0].detector.artifact.card.thresholds if detections else None
    data = {
        "entries": [_item_data(each) for each in items],
        "scan": _scan_data(reading, detections, can_edit),
        "series": series_data(item, reading, thresholds),
        "planes": _planes_data(item, reading, can_edit),
        "colors": COLORS,
    }
    _register_component()(
        key=VIEWER_KEY, data=data, on_chosen_change=_ignore_change, on_saliency_change=_ignore_change,
        on_edit_change=_ignore_change, on_planes_change=_ignore_change, on_position_change=_ignore_change,
    )  # fmt: skip


def _planes_data(item: WorklistItem, reading: Reading, can_edit: bool) -> dict[str, Any] | None:
    """Return the slices of other planes, which stored scans do not have."""
    if viewer_state("planes") is False or not can_edit:
        return None
    return linked_planes(item.readings, reading, current_session().readings(), viewer_state("position"))


def _ignore_change() -> None:
    """Do nothing: the page reads the viewer's state when it is drawn."""


def _register_component() -> Any:
    # On every run: components are registered per server, and registering the same one again costs nothing.
    html, css = (read_asset(_ASSET_FOLDER / name) for name in ("viewer.html", "viewer.css"))
    script = "\n".join(read_asset(_ASSET_FOLDER / name) for name in _SCRIPTS)
    return st.components.v2.component("scan_viewer", html=html, css=css, js=script)


def _item_data(item: WorklistItem) -> dict[str, Any]:
    reading = item.most_suspicious
    status, scan = item.status, reading.compressed_scan
    has_score = reading.detection is not None and reading.detection.verdict.has_result
    score = score_text(reading.detection) if has_score and reading.detection else ""
    if item.plane is not None:
        score = "" if item.plane.score is None else f"(tumour score {format_score(item.plane.score)})"
    count = item.slice_count
    return {
        "ids": [each.id for each in item.readings],
        "worst": reading.id,
        "title": item.title,
        "kind": str(status),
        "tone": READING_STATUS_TONES[status],
        "share": score,
        "note": f"{item.status_counts[status]} of {pluralize(count, 'slice')}" if count > 1 else "",
        "thumb": "" if scan is None else scan.thumbnail,
    }


def _scan_data(reading: Reading, detections: Sequence[VersionDetection], can_edit: bool) -> dict[str, Any]:
    data = {
        "id": reading.id, "name": reading.name, "error": reading.error, "edit": str(reading.shown_edit),
        "can_edit": can_edit and reading.source_scan is not None,
        "can_undo": can_edit and current_session().can_undo(reading),
    }  # fmt: skip
    if reading.compressed_scan is None:
        return data
    scan, with_saliency = reading.compressed_scan.to_scan(), bool(viewer_state("saliency"))
    panels = [make_panel(each.detection, scan, each.detector, with_saliency) for each in detections]
    return {**data, "base": base_layer(reading.compressed_scan), "panels": panels}


def series_data(item: WorklistItem, reading: Reading, thresholds: Thresholds | None) -> dict[str, Any] | None:
    """Return the data of the slice slider; None for a single slice."""
    if len(item.readings) < 2:
        return None
    statuses = [reading_status(each) for each in item.readings]
    return {
        "title": item.title,
        "ids": [each.id for each in item.readings],
        "index": item.index_of(reading.id) or 0,
        "numbers": [slice_index(each) + 1 for each in item.readings],
        "count": item.slice_count,
        "probabilities": [_plotted_probability(each) for each in item.readings],
        "kinds": [str(status) for status in statuses],
        "tones": [READING_STATUS_TONES[status] for status in statuses],
        "low": None if thresholds is None else thresholds.rule_out,
        "high": None if thresholds is None else thresholds.rule_in,
    }


def _plotted_probability(reading: Reading) -> float | None:
    """Return the tumour probability of a slice; None if it has no result or could not be read."""
    if reading.detection is None or not reading.detection.verdict.has_result:
        return None
    return round(reading.detection.tumor_probability, 4)
