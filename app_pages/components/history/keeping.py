"""Switch for the history while accounts are off, where it is, how large it is, and its deletion."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from app_pages.components.detection.saving import SAVER_KEY
from app_pages.components.history.record_view import OPENED_KEY
from app_pages.components.shared.formatting import format_bytes, pluralize
from app_pages.components.shared.storage import Records, start_history, storage_place
from braintumor.errors import BrainTumorError
from braintumor.settings import get_settings

_ERROR_KEY: Final = "history-error"


def show_offer() -> None:
    """Draw what a history is and the button that switches it on. Nothing is stored before."""
    _show_error()
    with st.container(border=True):
        st.markdown(
            "**History is off.** Readings are lost when the browser tab is closed. If you switch it on, each reading "
            f"of the Detection page is stored on this computer, in `{get_settings().data_dir}`: the pixels of the "
            "scan, its result, your finding and comment. Other data of the files, such as patient names in DICOM, is "
            "not stored; file names are."
        )
        st.button("Switch history on", type="primary", on_click=_try, args=(start_history,), key="history-on")


def show_storage(records: Records) -> None:
    """Draw where the records are, their size, the switch, and the button that deletes all of them."""
    from braintumor.db.overview.statistics import measure_storage

    _show_error()
    is_local = not get_settings().accounts
    with st.expander(f"Readings are kept {storage_place()}", icon=":material/database:", key="history-storage"):
        if is_local:
            size = measure_storage(records.storage)
            database = "" if size.database_bytes is None else f", database {format_bytes(size.database_bytes)}"
            st.markdown(f"{pluralize(size.files, 'stored scan')}, {format_bytes(size.file_bytes)}{database}.")
        with st.container(horizontal=True):
            if is_local:
                st.button("Switch history off", on_click=_try, args=(_stop, records), key="history-off")
            with st.popover("Delete all", icon=":material/delete_forever:"):
                st.markdown(
                    "Delete all records for good: scans, results, findings and comments? This cannot be undone. The "
                    "audit log records the deletion, without names."
                )
                st.checkbox("I want to delete all records", key="delete-all-sure")
                st.button(
                    "Delete all records", on_click=_try, args=(_erase, records), key="delete-all",
                    disabled=not st.session_state.get("delete-all-sure"),
                )  # fmt: skip


def _stop(records: Records) -> None:
    from braintumor.db.history import switch_history

    switch_history(records.storage, records.actor, on=False)
    st.session_state.pop(SAVER_KEY, None)


def _erase(records: Records) -> None:
    from braintumor.db.deletion import erase_user_data

    erase_user_data(records.storage, records.actor, records.actor.id)
    st.session_state.pop(OPENED_KEY, None)
    st.session_state["delete-all-sure"] = False


def _try(act: Callable[..., None], *arguments: Records) -> None:
    """Do something in a callback; the page then shows why it failed."""
    try:
        act(*arguments)
    except BrainTumorError as error:
        st.session_state[_ERROR_KEY] = str(error)


def _show_error() -> None:
    if error := st.session_state.pop(_ERROR_KEY, ""):
        st.error(error)
