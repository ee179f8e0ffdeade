"""Users: invite, reset, disable, enable, change roles, delete."""

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

import pandas as pd
import streamlit as st

from app_pages.components.shared.formatting import format_bytes
from app_pages.components.shared.page import show_section
from app_pages.components.shared.tables import without_formulas
from braintumor.auth.account_deletion import delete_user
from braintumor.auth.links import link_url
from braintumor.auth.users import (
    UserSummary,
    change_role,
    create_reset_link,
    disable_user,
    enable_user,
    invite_user,
    list_users,
)
from braintumor.db.overview.statistics import count_by_user
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import UserRole, UserState
from braintumor.errors import BrainTumorError

_LINK_KEY: Final = "one-time-link"
_ERROR_KEY: Final = "administration-error"


def show_users(storage: Storage, actor: Actor) -> None:
    """Draw the table of users, what they store, the invitation and what can be done with one user."""
    users = list_users(storage, actor)
    show_section("Users", "Number of records of each user. Scans and results are visible only to their own user.")
    _show_table(users, storage, actor)
    _show_messages()
    invitation, change = st.columns(2, gap="large")
    with invitation:
        _show_invitation(storage, actor)
    with change:
        _show_change(storage, actor, users)


def _show_table(users: Sequence[UserSummary], storage: Storage, actor: Actor) -> None:
    stored = {each.user_id: each for each in count_by_user(storage, actor)}
    rows = []
    for user in users:
        own = stored.get(user.id)
        rows.append(
            {
                "Address": user.email or "single sign-on",
                "Name": user.name or None,
                "Role": str(user.role).capitalize(),
                "State": str(user.state).capitalize(),
                "Last login (UTC)": user.last_login_at,
                "Readings": own.readings if own else 0,
                "Scans": own.scans if own else 0,
                "Stored": format_bytes(own.stored_bytes if own else 0),
                "Last saved (UTC)": own.last_saved_at if own else None,
            }
        )
    time = st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", timezone="UTC")
    st.dataframe(
        without_formulas(pd.DataFrame(rows)), hide_index=True, key="users",
        alt=f"{len(rows)} users: role, state, what they store.",
        column_config={"Last login (UTC)": time, "Last saved (UTC)": time},
    )  # fmt: skip


def _show_messages() -> None:
    if error := st.session_state.pop(_ERROR_KEY, ""):
        st.error(error)
    if link := st.session_state.pop(_LINK_KEY, None):
        purpose, url = link
        with st.container(border=True, key="one-time-link-box"):
            st.markdown(f"{purpose} It works once and is shown only now. Pass it on over a channel you trust.")
            st.code(url, language=None, wrap_lines=True)


def _show_invitation(storage: Storage, actor: Actor) -> None:
    st.subheader("Invite", anchor=False)
    with st.form("invite", border=False, clear_on_submit=True):
        email = st.text_input("E-mail address", key="invite-email", max_chars=254)
        role = st.selectbox("Role", list(UserRole), key="invite-role", format_func=lambda each: str(each).capitalize())
        if st.form_submit_button("Create invitation link", icon=":material/person_add:"):
            _try(lambda: _invite(storage, actor, email, UserRole(role or UserRole.READER)))
            st.rerun()


def _invite(storage: Storage, actor: Actor, email: str, role: UserRole) -> None:
    token = invite_user(storage, actor, email.strip() or None, role)
    who = email.strip() or "whoever opens it first"
    st.session_state[_LINK_KEY] = (f"Invitation for {who}, valid for 7 days.", link_url(base_url(storage), token))


def _show_change(storage: Storage, actor: Actor, users: Sequence[UserSummary]) -> None:
    st.subheader("Change a user", anchor=False)
    by_id = {user.id: user for user in users}
    chosen = st.selectbox(
        "User", list(by_id), key="user", format_func=lambda each: by_id[each].email or by_id[each].name or str(each)
    )
    user = by_id[chosen]
    with st.container(horizontal=True):
        if user.email is not None:
            _show_buttons(storage, actor, user, user.email)
        with st.popover("Delete", icon=":material/delete_forever:", disabled=user.id == actor.id):
            st.markdown("Delete this account with all its records for good? This cannot be undone.")
            st.button(
                "Delete the account", key="user-delete", on_click=_try,
                args=(lambda: delete_user(storage, actor, user.id),),
            )  # fmt: skip
    if user.id == actor.id:
        st.caption("This is your own account. Delete it on its account page.")


def _show_buttons(storage: Storage, actor: Actor, user: UserSummary, email: str) -> None:
    if user.state is UserState.DISABLED:
        _show_button("Enable", "enable", lambda: enable_user(storage, actor, email))
        return
    title = "New invitation link" if user.state is UserState.INVITED else "Password reset link"
    _show_button(title, "reset", lambda: _reset(storage, actor, email, title))
    _show_button("Disable", "disable", lambda: disable_user(storage, actor, email))
    other = UserRole.READER if user.role is UserRole.ADMINISTRATOR else UserRole.ADMINISTRATOR
    _show_button(f"Make {other}", "role", lambda: change_role(storage, actor, email, other))


def _reset(storage: Storage, actor: Actor, email: str, title: str) -> None:
    token = create_reset_link(storage, actor, email)
    st.session_state[_LINK_KEY] = (f"{title} for {email}.", link_url(base_url(storage), token))


def _show_button(label: str, key: str, act: Callable[[], None]) -> None:
    st.button(label, key=f"user-{key}", on_click=_try, args=(act,))


def _try(act: Callable[[], None]) -> None:
    """Do something in a callback; the page then shows why it failed."""
    try:
        act()
    except BrainTumorError as error:
        st.session_state[_ERROR_KEY] = str(error)


def base_url(storage: Storage) -> str:
    """Return the address of this server: that of the settings, else the one in the browser."""
    if storage.settings.public_url:
        return storage.settings.public_url
    parts = urlsplit(st.context.url or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else "http://localhost:8501"
