"""Pages with stored readings under AppTest: a data folder of its own, with accounts off or a user who is logged in."""

from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app_pages.components.detection.saving import SAVER_KEY
from braintumor.auth import sessions
from braintumor.auth.sessions import Visitor
from braintumor.db.history import switch_history
from braintumor.db.storage import Actor, Storage, local_actor, open_storage
from braintumor.db.tables import UserRole, new_id
from braintumor.db.tables.base import now
from braintumor.settings import get_settings
from tests.app.conftest import Open, Upload
from tests.helpers.apptest.detection import upload
from tests.helpers.storage.readings import add_user


def use_data(folder: Path, monkeypatch: pytest.MonkeyPatch, *, accounts: bool = False) -> None:
    """Store in a folder, which need not exist."""
    monkeypatch.setenv("BRAINTUMOR_DATA", str(folder))
    monkeypatch.setenv("BRAINTUMOR_ACCOUNTS", "on" if accounts else "off")
    get_settings.cache_clear()
    st.cache_resource.clear()


def use_storage(values: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Store where these settings say, with accounts off."""
    for name in ("database", "blobs"):
        if name in values:
            monkeypatch.setenv(f"BRAINTUMOR_{name.upper()}", values[name])
    use_data(values["data"], monkeypatch)


def switch_on() -> tuple[Storage, Actor]:
    """Switch history on, as the button does."""
    storage = open_storage()
    actor = local_actor(storage)
    switch_history(storage, actor, on=True)
    return storage, actor


def log_in(storage: Storage, monkeypatch: pytest.MonkeyPatch, role: UserRole = UserRole.READER) -> Actor:
    """Log a new user in; all pages opened from now on are theirs."""
    actor = add_user(storage, f"{new_id().hex}@example.org", role)
    visitor = Visitor(new_id(), actor.id, role, "Ada", "ada@example.org", now())
    monkeypatch.setattr(sessions, "find_visitor", lambda *_: visitor)
    return actor


def read_and_save(open_page: Open, files: list[Upload]) -> AppTest:
    """Read files on the Detection page and wait until they are saved."""
    app = upload(open_page, files)
    app.session_state[SAVER_KEY].wait()
    return app.run()
