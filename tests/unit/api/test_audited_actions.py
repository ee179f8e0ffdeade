"""Each kind of action leaves an entry in the audit log, with ids and numbers and nothing of the scans."""

import ast
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

import braintumor
from braintumor.auth.account_deletion import delete_user
from braintumor.auth.api_tokens import Scope, create_token, list_tokens, revoke_api_token
from braintumor.auth.identities import connect_identity
from braintumor.auth.login import change_password, log_in, log_out
from braintumor.auth.oidc import Claims
from braintumor.auth.registration import register, request_registration, request_reset, reset_password
from braintumor.auth.sessions import Visitor, find_visitor, revoke_other_sessions, revoke_session
from braintumor.auth.throttle import Throttle
from braintumor.auth.users import change_role, create_reset_link, create_setup_link, disable_user, enable_user
from braintumor.cli import main
from braintumor.db.deletion import delete_scans, purge, purge_scans
from braintumor.db.history import switch_history
from braintumor.db.storage import Storage, open_storage
from braintumor.db.tables import AuditEntry, UserRole
from braintumor.db.tables.base import now
from braintumor.errors import AccountError
from braintumor.jobs.queue import JobQueue
from braintumor.jobs.worker import Worker
from braintumor.settings import get_settings
from tests.helpers.accounts import BROWSER, PASSWORD, add_user, audit_actions
from tests.helpers.api import API, Api, api_settings, as_files, make_api, model_outputs, scan_png

__all__ = ["model_outputs"]

NEW_PASSWORD = "amber lantern 4 rivers"
# Actions whose names the code puts together, by how it does so.
COMPOSED = {
    "action": {"finding.saved", "finding.deleted"},
    "f'history.{(_ON if on else _OFF)}'": {"history.on", "history.off"},
    "f'job.{state}'": {"job.done"},
}


def _find_actions() -> set[str]:
    """Return all actions that the package writes to the log, from its source."""
    source, actions = Path(braintumor.__file__).parent, set()
    for path in source.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _writes_entry(node.func) and path.name != "access_log.py":
                name = node.args[2]
                constant = name.value if isinstance(name, ast.Constant) else None
                actions |= {str(constant)} if constant else COMPOSED[ast.unparse(name)]
    return actions


def _writes_entry(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id == "log_access"
    is_append = isinstance(function, ast.Attribute) and function.attr == "append"
    return is_append and ast.unparse(function).endswith("audit.append")


@pytest.fixture
def root(tmp_path: Path, model_outputs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setenv("BRAINTUMOR_DATA", str(tmp_path / "data"))
    get_settings.cache_clear()
    settings = api_settings(tmp_path, model_outputs, registration="open", scan_days=10, restore_days=5)
    api = make_api(settings, UserRole.ADMINISTRATOR)
    yield api
    api.state.close()
    get_settings.cache_clear()


def test_each_kind_of_action_leaves_an_entry(root: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = root.state.storage
    new = open_storage(api_settings(tmp_path / "new", root.settings.outputs))
    create_setup_link(new)
    _manage_account(storage)
    _manage_users(storage)
    _work_with_records(root)
    _remove_records(root)
    for command in (["db", "backup", f"{tmp_path}/backup"], ["db", "audit", f"{tmp_path}/audit.csv"]):
        assert main(command) == 0
    monkeypatch.setenv("BRAINTUMOR_DATA", str(tmp_path / "restored"))
    get_settings.cache_clear()
    assert main(["db", "restore", f"{tmp_path}/backup"]) == 0
    stores = storage, new, open_storage(get_settings())
    assert {action for store in stores for action in audit_actions(store)} == _find_actions()
    with storage.database.read() as session:
        text = " ".join(f"{entry.what} {entry.details}" for entry in session.scalars(select(AuditEntry)))
    assert not [word for word in ("Jane", "Doe", "example.org", "meningioma", "notumor", "A comment") if word in text]


def _visit(storage: Storage, token: str) -> Visitor:
    visitor = find_visitor(storage, token)
    assert visitor is not None
    return visitor


def _manage_account(storage: Storage) -> None:
    throttle = Throttle()
    switch_history(
        storage, _visit(storage, register(storage, "jane@example.org", "Doe", PASSWORD, BROWSER)).actor, on=True
    )
    jane = _visit(storage, log_in(storage, throttle, "jane@example.org", PASSWORD, BROWSER))
    switch_history(storage, jane.actor, on=False)
    with pytest.raises(AccountError):
        log_in(storage, throttle, "jane@example.org", "wrong", BROWSER)
    with pytest.raises(AccountError):
        change_password(storage, throttle, jane, "wrong", NEW_PASSWORD, BROWSER)
    revoke_other_sessions(storage, jane)
    second = _visit(storage, log_in(storage, throttle, "jane@example.org", PASSWORD, BROWSER))
    revoke_session(storage, jane.actor, second.session_id)
    connect_identity(storage, jane, Claims("https://login.example.org", "1", "Jane", None))
    create_token(storage, jane.actor, "export of Jane", [Scope.READ], 1)
    revoke_api_token(storage, jane.actor, list_tokens(storage, jane.actor)[0].id)
    token = change_password(storage, throttle, jane, PASSWORD, NEW_PASSWORD, BROWSER)
    log_out(storage, token)
    request_registration(storage, "bob@example.org", lambda *_: None)
    request_reset(storage, "jane@example.org", lambda *_: None)
    reset_password(storage, create_reset_link(storage, None, "jane@example.org"), PASSWORD, BROWSER)


def _manage_users(storage: Storage) -> None:
    _, eve = add_user(storage, "eve@example.org")
    disable_user(storage, None, "eve@example.org")
    enable_user(storage, None, "eve@example.org")
    change_role(storage, None, "eve@example.org", UserRole.ADMINISTRATOR)
    delete_user(storage, eve.actor, eve.user_id)


def _work_with_records(root: Api) -> None:
    client = root.client
    reading = root.upload(Jane_Doe=scan_png())["readings"][0]
    address = f"{API}/readings/{reading['reading_id']}"
    assert client.put(f"{address}/finding", json={"opinion": "agree", "comment": "A comment"}).status_code == 204
    client.delete(f"{address}/finding")
    assert client.post(f"{API}/predict", files=as_files(Jane=scan_png(4))).status_code == 200
    for path in (f"{address}/image.png", f"{address}/report.pdf", f"{API}/readings", f"{API}/readings.csv",
                 f"{API}/scans/{reading['scan_id']}", f"{API}/users", f"{API}/audit"):  # fmt: skip
        assert client.get(path).status_code == 200, path
    jobs = [client.post(f"{API}/scans?background=true", files=as_files(b=scan_png(number))).json() for number in (2, 3)]
    client.post(f"{API}/jobs/{jobs[0]['id']}/cancel")
    assert Worker(root.state.storage, root.state.detectors, JobQueue(root.state.storage)).run_once()


def _remove_records(root: Api) -> None:
    storage, actor = root.state.storage, root.actor
    scan_id = UUID(root.upload(Jane=scan_png(5))["readings"][0]["scan_id"])
    root.client.delete(f"{API}/scans/{scan_id}")
    root.client.post(f"{API}/scans/{scan_id}/restore")
    delete_scans(storage, actor, [scan_id])
    purge_scans(storage, actor, [scan_id])
    purge(storage, now() + timedelta(days=20))
