"""Where this session's readings are kept, if they are."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

import streamlit as st

from app_pages.components.shared.visitor import current_visitor, open_shared_storage
from braintumor.errors import BrainTumorError
from braintumor.settings import get_settings

if TYPE_CHECKING:
    from braintumor.db.storage import Actor, Storage

_LOGGED_KEY: Final = "logged-accesses"
_LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1", ""})
_FORWARDED: Final = ("X-Forwarded-For", "Forwarded")


class Records(NamedTuple):
    """The storage, the user whose records the pages show, and whether new readings are saved."""

    storage: "Storage"
    actor: "Actor"
    is_saving: bool


def may_keep_records() -> bool:
    """Whether this visitor may have a history: with an account, or alone on this computer while accounts are off.

    Without accounts all visitors would share one history, so it is only for the browser on the same computer.
    """
    if get_settings().accounts:
        return True
    headers = st.context.headers
    host = urlsplit(f"//{headers.get('Host', '')}").hostname or ""
    is_forwarded = any(name in headers for name in _FORWARDED)
    return host in _LOCAL_NAMES and _read_address() is None and not is_forwarded


def find_records() -> Records | None:
    """Return the records of the visitor; None if nothing was ever stored. Asks the database on each call.

    Raises
    ------
    StorageError
        The storage cannot be used.
    """
    visitor = current_visitor()
    if visitor is not None:
        return Records(open_shared_storage(), visitor.actor, is_saving=True)
    if not may_keep_records() or not get_settings().has_storage:
        return None
    from braintumor.db.history import is_history_on

    storage = open_shared_storage()
    return Records(storage, _local_actor(), is_history_on(storage))


def start_history() -> None:
    """Switch history on while accounts are off; creates the data folder.

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    from braintumor.db.history import switch_history
    from braintumor.db.storage import local_actor

    storage = open_shared_storage()
    switch_history(storage, local_actor(storage), on=True)


def storage_place() -> str:
    """Return where records are kept, for the visitor to find them."""
    settings = get_settings()
    return "on this server" if settings.accounts else f"in {settings.data_dir}"


def session_value(key: str, default: Any) -> Any:
    """Return a value of the browser session, which is set if there is none."""
    return st.session_state.setdefault(key, default)


def log_access_once(storage: "Storage", actor: "Actor", action: str, content: object, **details: int | str) -> None:
    """Write to the audit log what a page shows, once while its content stays the same."""
    logged: dict[str, object] = session_value(_LOGGED_KEY, {})
    if logged.get(action) != content:
        from braintumor.db.access_log import log_access

        log_access(storage, actor, action, **details)
        logged[action] = content


def log_export(make: Callable[[], bytes] | bytes, file_format: str) -> Callable[[], bytes] | bytes:
    """Return a download or its function; if readings are kept, a function that also writes it to the audit log."""
    try:
        records = find_records() if may_keep_records() else None
    except BrainTumorError:
        return make
    if records is None or not records.is_saving:
        return make

    def make_and_log() -> bytes:
        from braintumor.db.access_log import log_access

        log_access(records.storage, records.actor, "readings.exported", format=file_format)
        return make if isinstance(make, bytes) else make()

    return make_and_log


def _read_address() -> str | None:
    """Return the address of the visitor; None for this computer."""
    return st.context.ip_address


def _local_actor() -> "Actor":
    from braintumor.db.storage import Actor
    from braintumor.db.tables.accounts import LOCAL_USER_ID

    return Actor(LOCAL_USER_ID)
