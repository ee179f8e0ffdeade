"""Administrators manage users and see numbers, jobs and the audit log; nobody else opens the page."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from braintumor.auth.links import find_link
from braintumor.auth.users import UserSummary, list_users
from braintumor.db.overview.administration import export_audit, list_audit, list_server_jobs, read_audit_head
from braintumor.db.storage import Actor, Storage, open_storage
from braintumor.db.tables import Job, User, UserRole, UserState
from braintumor.errors import RecordError
from braintumor.settings import Settings
from tests.app.conftest import Open, words
from tests.helpers.accounts import audit_actions
from tests.helpers.apptest.history import log_in, use_data
from tests.helpers.storage.readings import add_user, save


@pytest.fixture
def storage(tmp_path: Path, empty: Settings, monkeypatch: pytest.MonkeyPatch) -> Storage:
    use_data(tmp_path / "data", monkeypatch, accounts=True)
    return open_storage()


@pytest.fixture
def admin(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Actor:
    return log_in(storage, monkeypatch, UserRole.ADMINISTRATOR)


def _user(storage: Storage, email: str) -> UserSummary | None:
    return next((user for user in list_users(storage, None) if user.email == email), None)


def _choose(app: AppTest, user: Actor) -> AppTest:
    return app.selectbox("user").set_value(user.id).run()


def test_page_shows_users_and_what_they_store(storage: Storage, admin: Actor, open_page: Open) -> None:
    reader = add_user(storage, "reader@example.org")
    save(storage, reader, 1, 2)
    with storage.database.write() as session:
        session.add(User(email="=cmd@example.org", name="=HYPERLINK(1)", role=UserRole.READER, state=UserState.ACTIVE))
    app = open_page("administration")
    assert not app.exception
    rows = app.dataframe[0].value.set_index("Address").to_dict("index")
    expected = {"Role": "Reader", "State": "Active", "Readings": 2, "Scans": 2, "Stored": "12 bytes"}
    assert expected.items() <= rows["reader@example.org"].items()
    assert rows["'=cmd@example.org"]["Name"] == "'=HYPERLINK(1)"  # for Streamlit's own download of the table
    assert "scan-1.png" not in str(app.main)
    assert next(metric.value for metric in app.metric) == "2"
    assert "No background jobs yet." in words(app)
    assert f"`{read_audit_head(storage, admin)}`" in words(app)
    app.run()  # drawn again with the same content: no other entries
    assert [audit_actions(storage).count(action) for action in ("users.listed", "audit.listed")] == [1, 1]


def test_invitation_link_is_shown_once(storage: Storage, admin: Actor, open_page: Open) -> None:
    app = open_page("administration")
    app.text_input("invite-email").set_value("New@example.org")
    app.button[0].click().run()
    url = next(code.value for code in app.code)
    assert url.startswith("http")
    assert find_link(storage, url.partition("token=")[2]).email == "new@example.org"
    invited = _user(storage, "new@example.org")
    assert invited is not None
    assert invited.state is UserState.INVITED
    app.run()
    assert not app.code


def test_refused_changes_are_sentences(storage: Storage, admin: Actor, open_page: Open) -> None:
    app = open_page("administration")
    app.text_input("invite-email").set_value("no address")
    app.button[0].click().run()
    assert "This is not a valid e-mail address" in words(app)
    app.button("user-disable").click().run()
    assert "only administrator" in words(app)
    assert not app.exception


def test_user_is_disabled_enabled_promoted_and_deleted(storage: Storage, admin: Actor, open_page: Open) -> None:
    reader = add_user(storage, "reader@example.org")
    save(storage, reader, 1)
    app = _choose(open_page("administration"), reader)
    app.button("user-reset").click().run()
    assert "Password reset link for reader@example.org." in words(app)
    for key, role, state in (
        ("user-role", UserRole.ADMINISTRATOR, UserState.ACTIVE),
        ("user-role", UserRole.READER, UserState.ACTIVE),
        ("user-disable", UserRole.READER, UserState.DISABLED),
        ("user-enable", UserRole.READER, UserState.INVITED),
    ):
        app.button(key).click().run()
        user = _user(storage, "reader@example.org")
        assert user is not None
        assert (user.role, user.state) == (role, state)
    app.button("user-delete").click().run()
    assert not app.exception
    assert _user(storage, "reader@example.org") is None


def test_reader_sees_nothing(storage: Storage, open_page: Open, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(storage, monkeypatch)
    app = open_page("summary")
    assert "administration" not in str(app.main).lower()
    page = AppTest.from_file(root / "app_pages" / "administration.py", default_timeout=600).run()
    assert "This page is for administrators." in words(page)
    assert not page.dataframe


def test_jobs_and_audit_are_listed_for_administrators_only(storage: Storage, admin: Actor) -> None:
    reader = add_user(storage, "reader@example.org")
    save(storage, reader, 1)
    with storage.database.write() as session:
        session.add(Job(owner_id=reader.id, kind="read upload", total=3, done=1))
    (job,) = list_server_jobs(storage, admin)
    assert (job.owner, job.kind, job.done, job.total) == ("reader@example.org", "read upload", 1, 3)
    exported = export_audit(storage, admin).content.decode()
    assert "reading.saved" in exported
    assert "scan-1" not in exported
    newest, older = list_audit(storage, admin, 2)
    assert newest.action == "audit.exported"
    assert list_audit(storage, admin, 1, before=newest.number) == [older]
    for call in (list_server_jobs, list_audit, export_audit, read_audit_head):
        with pytest.raises(RecordError, match="Only administrators"):
            call(storage, reader)
