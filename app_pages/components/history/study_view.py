"""A stored study: its card, and links to its key slices."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from app_pages.components.detection.study_card import show_studies
from app_pages.components.history.records_list import show_links
from app_pages.components.shared.storage import Records
from braintumor.db.overview.studies import list_slices
from braintumor.db.search import Record, list_readings
from braintumor.reporting.study.result import StudyResult
from braintumor.services.records.study_record import key_positions


def show_stored_studies(records: Records, scan_id: UUID, studies: Sequence[StudyResult]) -> None:
    """Draw the card of a study by each version, and the key slices of the first one."""
    show_studies(studies)
    st.subheader("Key slices", anchor=False)
    if slices := _find_key_slices(records, scan_id, studies[0]):
        show_links(slices)
    else:
        st.markdown("The slices of this study are no longer stored.")


def _find_key_slices(records: Records, scan_id: UUID, study: StudyResult) -> list[Record]:
    """Return the newest reading of each key slice by the version of the study."""
    stored = list_slices(records.storage, records.actor, scan_id)
    ids = [stored[position] for position in key_positions(study) if position in stored]
    readings = (list_readings(records.storage, records.actor, slice_id) for slice_id in ids)
    newest = (next((each for each in versions if each.version == study.model_version), None) for versions in readings)
    return [record for record in newest if record is not None]
