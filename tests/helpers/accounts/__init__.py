"""Users, a server and browsers for tests of accounts."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from braintumor.api.app import create_app
from braintumor.api.state import ServerState
from braintumor.auth import passwords
from braintumor.auth.registration import accept_link
from braintumor.auth.sessions import Browser, Visitor, find_visitor
from braintumor.auth.users import invite_user
from braintumor.db.storage import Storage, open_storage
from braintumor.db.tables import AuditEntry, UserRole
from braintumor.settings import Settings

PASSWORD = "violet harbour kettle 9"
BASE_URL = "http://127.0.0.1:8501"
SOCKET = "ws://127.0.0.1:8501/_stcore/stream"
BROWSER = Browser("192.0.2.1", "Firefox")
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none", "Accept": "text/html"}


def account_settings(folder: Path, **values: Any) -> Settings:
    """Settings with accounts on and a database of their own."""
    return Settings(data=folder / "data", accounts=True, **values)


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Argon2 with little work: what is tested is what is hashed, not how long it takes."""
    passwords._unknown_hash.cache_clear()
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    yield
    passwords._unknown_hash.cache_clear()


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    storage = open_storage(account_settings(tmp_path))
    yield storage
    storage.close()


def add_user(storage: Storage, email: str, role: UserRole = UserRole.READER) -> tuple[str, Visitor]:
    """Create a user by invitation; return the token of a session and who it belongs to."""
    token = accept_link(
        storage, invite_user(storage, None, email, role), "", email.split("@", maxsplit=1)[0], PASSWORD, BROWSER
    )
    visitor = find_visitor(storage, token)
    assert visitor is not None
    return token, visitor


def audit_actions(storage: Storage) -> list[str]:
    """All actions of the audit log, the oldest first."""
    with storage.database.read() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.number)))


def make_client(settings: Settings, address: str = "127.0.0.1", base_url: str = BASE_URL) -> TestClient:
    """A browser at an address, and a server with pages in place of Streamlit's."""
    return TestClient(
        create_app(settings, _pages()), base_url=base_url, client=(address, 50_000), follow_redirects=False
    )


def share_server(client: TestClient, address: str = "127.0.0.1") -> TestClient:
    """Another browser that uses the same server."""
    return TestClient(client.app, base_url=str(client.base_url), client=(address, 50_000), follow_redirects=False)


def server_state(client: TestClient) -> ServerState:
    """The state of a browser's server."""
    state: ServerState = client.app.state.server  # type: ignore[attr-defined]
    return state


def submit(client: TestClient, path: str, page: str = "", **fields: str) -> Any:
    """Open a page, fill in its form and send it, as a browser does."""
    token = form_token(client, page or path)
    return client.post(path, data={"form_token": token, **fields}, headers={"Sec-Fetch-Site": "same-origin"})


def form_token(client: TestClient, page: str) -> str:
    """The hidden token in a page's forms."""
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', client.get(page).text)
    assert found, f"{page} has no form"
    return found[1]


def log_in(client: TestClient, email: str, password: str = PASSWORD, **fields: str) -> Any:
    """Log in by the form."""
    return submit(client, "/account/login", email=email, password=password, **fields)


def _pages() -> Starlette:
    async def show(request: Request) -> Response:
        return PlainTextResponse("scans of patients")

    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            await websocket.send_text(f"scan {text}")

    return Starlette(
        routes=[
            WebSocketRoute("/_stcore/stream", echo),
            Route("/{path:path}", show, methods=["GET", "HEAD", "POST", "PUT", "DELETE"]),
        ]
    )
