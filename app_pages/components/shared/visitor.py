"""Who is logged in, checked against the database on each rerun."""

import re
from html import escape
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from braintumor.settings import get_settings

if TYPE_CHECKING:
    from braintumor.auth.sessions import Visitor
    from braintumor.db.storage import Storage

_USER_KEY: Final = "visitor-user"


def current_visitor() -> "Visitor | None":
    """Return the logged-in user; None while accounts are off.

    The script stops here if the session has ended. The state of the browser session is dropped when another user logs
    in, so that nobody sees the scans of the one before.
    """
    settings = get_settings()
    if not settings.accounts:
        return None
    from braintumor.auth import sessions

    visitor = sessions.find_visitor(open_shared_storage(), _read_cookie(sessions.session_cookie_name(settings)))
    if visitor is None:
        st.session_state.clear()
        st.html('<p role="alert">Your session has ended. <a href="/account/login" target="_self">Log in</a></p>')
        st.stop()
    if st.session_state.get(_USER_KEY, visitor.user_id) != visitor.user_id:
        st.session_state.clear()
    st.session_state[_USER_KEY] = visitor.user_id
    return visitor


def show_account_menu(visitor: "Visitor | None") -> None:
    """Show who is logged in, with links to the account page and to log out."""
    if visitor is None:
        return
    with st.container(key="account", horizontal=True, horizontal_alignment="right"):
        menu = st.popover(_escape_label(visitor.name or visitor.email or "Account"), icon=":material/account_circle:")
    role = "Administrator" if visitor.actor.is_administrator else "Reader"
    with menu:
        st.html(
            f'<p class="account-menu">{escape(visitor.email or "")}<br>{role}</p>'
            '<p class="account-menu"><a href="/account" target="_self">Account, sessions and tokens</a><br>'
            '<a href="/account/logout" target="_self">Log out</a></p>'
        )


def open_shared_storage() -> "Storage":
    """Return the storage that all sessions share, opened on first use.

    Raises
    ------
    StorageError
        It cannot be opened.
    """
    settings = get_settings()
    storage: Storage = _cached_storage(str(settings.data_dir), str(settings.blobs))
    return storage


def _escape_label(text: str) -> str:
    """Show a name as it is in a label, which Streamlit reads as Markdown."""
    return re.sub(r"[!-/:-@\[-`{-~]", r"\\\g<0>", text)


def _read_cookie(name: str) -> str | None:
    return st.context.cookies.get(name)


@st.cache_resource(show_spinner=False)
def _cached_storage(data: str, blobs: str) -> Any:
    from braintumor.db.storage import open_storage

    return open_storage()
