"""Tools to turn, crop and invert a scan and read it again: requests of the viewer, and buttons next to the result."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import streamlit as st

from app_pages.components.detection.session import ReadingSession, current_session
from app_pages.components.detection.viewer import viewer_state
from braintumor.imaging.edits import Box, ScanEdit, describe_turn
from braintumor.inference import Detector
from braintumor.services.reading_result import Reading

_HANDLED_KEY: Final = "handled-edit"
_QUARTER_TURNS: Final = {"turn-left": 3, "turn-right": 1, "turn-half": 2}


def apply_requested_edit(detector: Detector) -> None:
    """Read a slice again as requested in the viewer; each request is handled once, also if the page is rerun."""
    request = viewer_state("edit")
    if not isinstance(request, dict) or request.get("number") == st.session_state.get(_HANDLED_KEY):
        return
    st.session_state[_HANDLED_KEY] = request.get("number")
    session = current_session()
    reading = next((each for each in session.readings() if each.id == request.get("id")), None)
    if reading is None:
        return
    if request.get("action") == "undo":
        session.undo_edit(detector, reading)
    elif (edit := requested_edit(reading, request)) is not None:
        session.edit(detector, reading, edit)


def requested_edit(reading: Reading, request: dict[str, Any]) -> ScanEdit | None:
    """Return the edit that a request of the viewer results in; None if it is not valid.

    Parameters
    ----------
    request : dict
        `action`, and for a crop `box`: left, top, right and bottom as fractions of the scan as shown.
    """
    action, box = request.get("action"), _parse_box(request.get("box"))
    if action in _QUARTER_TURNS:
        return reading.shown_edit.turned(_QUARTER_TURNS[action])
    if action == "invert":
        return reading.shown_edit.inverted()
    source, shown = reading.source_scan, reading.compressed_scan
    if action != "crop" or source is None or shown is None or box is None:
        return None
    width, height = shown.gray.width, shown.gray.height
    left, top, right, bottom = (round(fraction * side) for fraction, side in zip(box, (width, height) * 2, strict=True))
    return reading.shown_edit.cropped((left, top, right, bottom), (source.gray.width, source.gray.height))


def _parse_box(value: Any) -> tuple[float, float, float, float] | None:
    """Return left, top, right and bottom as fractions of the scan; None if they are not a box within it."""
    if not isinstance(value, list) or len(value) != 4 or not all(isinstance(edge, (int, float)) for edge in value):
        return None
    left, top, right, bottom = value
    return (left, top, right, bottom) if 0 <= left < right <= 1 and 0 <= top < bottom <= 1 else None


def show_edit_buttons(reading: Reading, detector: Detector) -> None:
    """Draw one button to undo a detected turn or to apply a probable one, and one for each panel of a sheet."""
    if reading.detection is None:
        return
    session, edit = current_session(), reading.edit
    if reading.detection.turn:
        _show_button("Undo the turn", "undo", "undo-turn", session, detector, reading, edit.turned(0))
    elif turn := reading.detection.suggested_turn:
        if "turned" not in reading.detection.reason:
            st.caption("The picture may have been turned.")
        label = describe_turn(turn).replace("turned", "Turn")
        icon = {1: "rotate_right", 2: "sync", 3: "rotate_left"}[turn]
        _show_button(f"{label} and read", icon, "apply-turn", session, detector, reading, edit.turned(turn))
    show_panel_buttons(reading, detector, sheet_panels(reading))


def sheet_panels(reading: Reading) -> Sequence[Box]:
    """Return the boxes of the panels of a multi-panel sheet that was not cropped yet; empty for other pictures."""
    source = reading.source_scan
    if source is None or reading.edit.crop is not None:
        return ()
    return source.stub.panels


def show_panel_buttons(reading: Reading, detector: Detector, panels: Sequence[Box]) -> None:
    """Draw one button per panel of a sheet, which crops the picture to the panel and reads it."""
    if not panels:
        return
    st.caption("Read one panel of this sheet:")
    with st.container(horizontal=True, key="panels"):
        for number, box in enumerate(panels, start=1):
            edit = ScanEdit(crop=box)
            _show_button(f"Panel {number}", "crop", f"panel-{number}", current_session(), detector, reading, edit)


def _show_button(
    label: str, icon: str, key: str, session: ReadingSession, detector: Detector, reading: Reading, edit: ScanEdit
) -> None:
    on_click: Callable[..., None] = session.edit
    if st.button(label, icon=f":material/{icon}:", key=key, on_click=on_click, args=(detector, reading, edit)):
        st.rerun()
