"""The desk: counts, list, chosen scan and answers, drawn anew on its own as files are read and scans are chosen."""

from collections.abc import Sequence

import streamlit as st

from app_pages.components import session_log
from app_pages.components.reading_downloads import show_downloads
from app_pages.components.reading_frame import choose_list, show_progress, show_strip
from app_pages.components.reading_list import Entry, chosen_entries, counts, entries_of
from app_pages.components.reading_neighbours import show_neighbours
from app_pages.components.reading_numbers import show_numbers
from app_pages.components.reading_opinion import ask, finding_on, opinions
from app_pages.components.reading_room import room
from app_pages.components.reading_upload import remove_all
from app_pages.components.reading_viewer import ENTRIES, Answer, said, show_viewer
from app_pages.components.readings import Reading
from app_pages.components.scan_card import show_card, show_warnings
from braintumor.inference import Detector
from braintumor.vocabulary import Verdict

_LOGGED = "reading-logged"


def show_desk(detector: Detector, compared: Detector | None, polled: bool) -> None:
    """All below the uploader.

    Parameters
    ----------
    polled : bool
        Whether this is drawn again and again while files are read; it asks for the end of that when they are.
    """
    place = room()
    place.poll()
    progress, readings = place.progress(), place.readings()
    if polled and not progress.running:
        st.rerun()
    show_progress(progress, place)
    if not readings:
        return
    found = counts(readings)
    with st.container(horizontal=True, vertical_alignment="bottom", key="desk-top"):
        show_strip(found)
        kind, order = choose_list(found)
        downloads = st.popover("Downloads", icon=":material/download:", key="downloads")
        if st.button("Remove all", on_click=remove_all, icon=":material/delete:", key="remove"):
            st.rerun()
    entries = chosen_entries(entries_of(readings), order, kind)
    entry, reading = _chosen(entries)
    with downloads:
        show_downloads(readings, reading, opinions(), detector)
    answers = _answers(reading, detector, compared)
    show_scan(_page(entries), entry, reading, answers)
    _log(readings, reading, answers)


def show_scan(entries: Sequence[Entry], entry: Entry, reading: Reading, answers: Sequence[Answer]) -> None:
    """The viewer, and beside it what was said of the scan and what the reader says."""
    with st.container(key="desk"):
        viewer, words = st.columns([9, 4], gap="medium")
    with viewer:
        show_viewer(entries, entry, reading, answers)
    with words:
        if not answers or reading.picture is None:
            st.header("Could not be read", anchor=False)
            st.caption("The sentence beside says why. It is a row of its own in the CSV.")
            return
        show_warnings(answers[0].found)
        for number, answer in enumerate(answers):
            show_card(answer.found, answer.detector.artifact.card.thresholds, f"{number}", len(answers) > 1)
        ask(reading)
        first = answers[0].detector
        show_numbers(first.version, first.artifact.card.thresholds)
        if answers[0].found.verdict is not Verdict.NOT_BRAIN_MRI:  # what is no brain MRI has no like
            show_neighbours(first, reading.picture)


def _answers(reading: Reading, detector: Detector, compared: Detector | None) -> list[Answer]:
    if reading.detection is None:
        return []
    second = None if compared is None else room().compared(compared, reading)
    answers = [Answer(reading.detection, detector)]
    return answers if second is None or compared is None else [*answers, Answer(second, compared)]


def _chosen(entries: Sequence[Entry]) -> tuple[Entry, Reading]:
    """What the reader chose in the list, else what stands first in it."""
    wanted = said("chosen")
    for entry in entries:
        index = entry.index(str(wanted))
        if index is not None:
            return entry, entry.readings[index]
    return entries[0], entries[0].worst


def _page(entries: Sequence[Entry]) -> Sequence[Entry]:
    """The part of a long list that the reader turns to."""
    pages = -(-len(entries) // ENTRIES)
    if pages < 2:
        return entries
    page = st.pagination(pages, key=f"entries-{pages}")
    return entries[(page - 1) * ENTRIES : page * ENTRIES]


def _log(readings: Sequence[Reading], chosen: Reading, answers: Sequence[Answer]) -> None:
    """Take new answers, of a second version too, and those the reader has said more of, into the log of the visit."""
    known, kept = st.session_state.setdefault(_LOGGED, {}), opinions()
    for reading in readings:
        key, finding = (reading.id, reading.version), finding_on(reading, kept)
        if known.get(key, ()) != finding:
            session_log.record(reading.detection or reading.row or {}, finding)
            known[key] = finding
    for answer in answers[1:]:
        key = chosen.id, answer.found.model_version
        if key not in known:
            session_log.record(answer.found)
            known[key] = None
    gone = room().gone(key[0] for key in known)
    for key in [key for key in known if key[0] in gone]:
        del known[key]
