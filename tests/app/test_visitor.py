"""Who is logged in is asked on each rerun; a session that ended stops the page."""

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from braintumor.auth import sessions
from braintumor.auth.sessions import Visitor
from braintumor.db.tables import UserRole, new_id
from braintumor.db.tables.base import now
from braintumor.settings import get_settings


def _page() -> None:
    import streamlit as st

    from app_pages.components.shared.visitor import current_visitor, show_account_menu

    visitor = current_visitor()
    show_account_menu(visitor)
    st.session_state.setdefault("scans", visitor.name if visitor else "local")
    st.text(f"scans of {st.session_state['scans']}")


def _visitor(name: str) -> Visitor:
    return Visitor(new_id(), new_id(), UserRole.READER, name, None, now())


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINTUMOR_ACCOUNTS", "on")
    monkeypatch.setenv("BRAINTUMOR_DATA", str(tmp_path))
    monkeypatch.setattr("app_pages.components.shared.visitor._read_cookie", lambda _: "unknown")
    get_settings.cache_clear()


def _texts(page: AppTest) -> list[str]:
    return [text.value for text in page.text]


def test_accounts_off_asks_nobody() -> None:
    assert _texts(AppTest.from_function(_page, default_timeout=600).run()) == ["scans of local"]


@pytest.mark.usefixtures("accounts")
def test_page_ends_with_the_session_and_forgets_its_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob = _visitor("Ada <b>"), _visitor("Bob")
    page = AppTest.from_function(_page, default_timeout=600)
    seen: list[list[str]] = []
    for visitor in (ada, ada, bob, None):
        monkeypatch.setattr(sessions, "find_visitor", lambda *_, visitor=visitor: visitor)
        page.run()
        assert not page.exception
        seen.append(_texts(page))
    assert seen == [["scans of Ada <b>"], ["scans of Ada <b>"], ["scans of Bob"], []]
    assert "scans" not in page.session_state


@pytest.mark.usefixtures("accounts")
def test_unknown_cookie_stops_the_page() -> None:
    page = AppTest.from_function(_page, default_timeout=600).run()
    assert not page.exception
    assert _texts(page) == []


def test_accounts_off_import_no_database() -> None:
    code = (
        "import sys; from app_pages.components.shared import visitor; visitor.current_visitor(); "
        "print('sqlalchemy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600)
    assert run.stdout.split()[-1] == "False"
