"""Who is logged in, checked against the database on each rerun."""

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

    visitor = sessions.find_visitor(_open_storage(), _read_cookie(sessions.session_cookie_name(settings)))
    if visitor is None:
        st.session_state.clear()
        st.html('<p role="alert">Your session has ended. <a href="/account/login" target="_self">Log in</a></p>')
        st.stop()
    if st.session_state.get(_USER_KEY, visitor.user_id) != visitor.user_id:
        st.session_state.clear()
    st.session_state[_USER_KEY] = visitor.user_id
    return visitor


def show_account_link(visitor: "Visitor | None") -> None:
    """Show who is logged in, with a link to the account page, where one logs out."""
    if visitor is not None:
        name = escape(visitor.name or visitor.email or "Account")
        st.html(f'<p class="account"><a href="/account" target="_self">{name}</a></p>')


def _read_cookie(name: str) -> str | None:
    return st.context.cookies.get(name)


def _open_storage() -> "Storage":
    storage: Storage = _cached_storage()
    return storage


@st.cache_resource(show_spinner=False)
def _cached_storage() -> Any:
    from braintumor.db.storage import open_storage

    return open_storage()
