"""Offer to continue with the stored readings of the last visit, where nothing was uploaded yet."""

from typing import TYPE_CHECKING

import streamlit as st

from app_pages.components.detection.reader_findings import findings
from app_pages.components.detection.saving import current_saver
from app_pages.components.detection.session import current_session
from app_pages.components.shared import cache
from app_pages.components.shared.storage import Records, find_records
from braintumor.errors import BrainTumorError
from braintumor.text import pluralize

if TYPE_CHECKING:
    from braintumor.db.search import Record


def offer_last_visit() -> None:
    """Draw a button that restores the readings and findings of the last visit, if readings are stored."""
    try:
        records = find_records()
        if records is None or not records.is_saving:
            return
        from braintumor.services.records.last_visit import find_last_visit

        visit = find_last_visit(records.storage, records.actor)
        if visit and st.button(_label(visit), key="restore-visit", icon=":material/history:"):
            _restore(records, visit)
            st.rerun()
    except BrainTumorError as error:
        st.caption(f"The last visit cannot be restored. {error}")


def _label(visit: "list[Record]") -> str:
    return f"Continue with {pluralize(len(visit), 'reading')} of {visit[-1].read_at:%Y-%m-%d %H:%M} UTC"


def _restore(records: Records, visit: "list[Record]") -> None:
    from braintumor.services.records.last_visit import restore_visit

    detector, saver, bar = cache.get_detector(visit[0].version), current_saver(records), st.progress(0.0)
    readings = []
    restored = restore_visit(records.storage, records.actor, visit, detector)
    for number, each in enumerate(restored, start=1):
        bar.progress(number / len(visit), f"{number} of {pluralize(len(visit), 'reading')} restored")
        if each is None:
            continue
        readings.append(each.reading)
        saver.mark_saved(each.reading, each.saved, each.finding)
        if each.finding:
            findings()[each.reading.id] = {each.reading.version: each.finding}
    current_session().restore(readings)
