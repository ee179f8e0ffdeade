"""The viewer: list, stage and slices as one component in the browser, and what it is given and gives back."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import streamlit as st

from app_pages.components.reading_layers import COLOURS, base_layer, pane
from app_pages.components.reading_list import KIND_TONES, Entry, Kind, kind_of
from app_pages.components.readings import Reading
from app_pages.components.words import count
from braintumor.inference import Detection, Detector
from braintumor.inference.verdict import Thresholds

_FOLDER: Final = Path(__file__).parent / "viewer"
# Modules of the viewer; together they are one, since a component is given as one text.
_SCRIPTS: Final = ("pixels.js", "contour.js", "view.js", "list.js", "slices.js", "keys.js", "viewer.js")
KEY: Final = "viewer"
# Entries on the page at a time: each has a thumbnail.
ENTRIES: Final = 100


class Answer(NamedTuple):
    """A version's answer on the chosen scan, with the detector that gave it."""

    found: Detection
    detector: Detector


def said(name: str) -> Any:
    """What the viewer last said under a name: `chosen`, a slice's id, or `saliency`, whether it is to be drawn."""
    return (st.session_state.get(KEY) or {}).get(name)


def show_viewer(entries: Sequence[Entry], entry: Entry, reading: Reading, answers: Sequence[Answer]) -> None:
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
        "entries": [_line(each) for each in entries],
        "scan": _scan(reading, answers),
        "series": _series(entry, reading, answers[0].detector.artifact.card.thresholds if answers else None),
        "colours": COLOURS,
    }
    _component()(key=KEY, data=data, on_chosen_change=_nothing, on_saliency_change=_nothing)


def _nothing() -> None:
    """The page reads the viewer's state as it is drawn."""


def _component() -> Any:
    # Registered on every run: a component belongs to the server that runs, and the same one again costs nothing.
    read = {name: (_FOLDER / name).read_text(encoding="utf-8") for name in (*_SCRIPTS, "viewer.html", "viewer.css")}
    script = "\n".join(read[name] for name in _SCRIPTS)
    return st.components.v2.component("reading_room", html=read["viewer.html"], css=read["viewer.css"], js=script)


def _line(entry: Entry) -> dict[str, Any]:
    worst = entry.worst
    kind, found = kind_of(worst), worst.detection
    several = len(entry.readings) > 1
    share = "" if found is None or kind is Kind.REFUSED else f"{found.tumor_probability:.0%}"
    return {
        "ids": [reading.id for reading in entry.readings],
        "worst": worst.id,
        "title": entry.title,
        "kind": str(kind),
        "tone": KIND_TONES[kind],
        "share": share,
        "note": f"{entry.kinds[kind]} of {count(len(entry.readings), 'slice')}" if several else "",
        "thumb": "" if worst.picture is None else worst.picture.thumb,
    }


def _scan(reading: Reading, answers: Sequence[Answer]) -> dict[str, Any]:
    shown = {"id": reading.id, "name": reading.name, "error": reading.error}
    if reading.picture is None:
        return shown
    scan = reading.picture.scan()
    return {
        **shown,
        "base": base_layer(reading.picture),
        "panes": [pane(each.found, scan, each.detector, bool(said("saliency"))) for each in answers],
    }


def _series(entry: Entry, reading: Reading, thresholds: Thresholds | None) -> dict[str, Any] | None:
    if len(entry.readings) < 2:
        return None
    return {
        "title": entry.title,
        "ids": [each.id for each in entry.readings],
        "index": entry.index(reading.id) or 0,
        "probabilities": [_plotted(each) for each in entry.readings],
        "kinds": [str(kind_of(each)).lower() for each in entry.readings],
        "tones": [KIND_TONES[kind_of(each)] for each in entry.readings],
        "low": None if thresholds is None else thresholds.low,
        "high": None if thresholds is None else thresholds.high,
    }


def _plotted(reading: Reading) -> float | None:
    """Tumour probability of a slice; none of one that was refused or could not be read, as nothing was looked for."""
    found = reading.detection
    refused = found is None or kind_of(reading) is Kind.REFUSED
    return None if refused or found is None else round(found.tumor_probability, 4)
