"""Attacker with an account of their own: pictures, uploads and browser sessions of the dashboard of somebody else."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocket, WebSocketDisconnect

from braintumor.api.app import create_app
from braintumor.api.middleware.issued_addresses import IssuedAddresses
from tests.helpers.accounts import BASE_URL, SOCKET, account_settings, add_user, log_in, server_state, share_server

SESSION, PICTURE = "a394dc97-7b11-4858-a077-f715e84cd36e", "0123456789abcdef" * 2
SAME = {"Sec-Fetch-Site": "same-origin"}
PATHS = [("GET", f"/media/{PICTURE}.png"), ("HEAD", f"/media/{PICTURE}"),
         ("PUT", f"/_stcore/upload_file/{SESSION}/1"), ("DELETE", f"/_stcore/upload_file/{SESSION}/1")]  # fmt: skip


def _pages() -> Starlette:
    """Streamlit's behaviour: the first message names the browser session, a later one a picture."""

    async def serve(websocket: WebSocket) -> None:
        await websocket.accept("streamlit")
        await websocket.send_bytes(f"\n$ session {SESSION} {websocket.headers.get('sec-websocket-protocol')}".encode())
        async for _ in websocket.iter_bytes():
            await websocket.send_bytes(f"\x12 /media/{PICTURE}.png \x00".encode())

    async def show(request: Request) -> Response:
        return PlainTextResponse("scan of Ada")

    methods = ["GET", "HEAD", "PUT", "DELETE", "POST"]
    return Starlette(routes=[WebSocketRoute("/_stcore/stream", serve), Route("/{path:path}", show, methods=methods)])


@pytest.fixture
def ada(tmp_path: Path) -> Iterator[TestClient]:
    app = create_app(account_settings(tmp_path), _pages())
    client = TestClient(app, base_url=BASE_URL, client=("127.0.0.1", 50_000), follow_redirects=False)
    add_user(server_state(client).storage, "ada@example.org")
    add_user(server_state(client).storage, "eve@example.org")
    log_in(client, "ada@example.org")
    with _open(client) as socket:
        socket.receive_bytes()
        socket.send_bytes(b"rerun")
        socket.receive_bytes()
    yield client
    server_state(client).close()


@contextmanager
def _open(client: TestClient, resumed: str = "", origin: str = BASE_URL) -> Iterator[WebSocketTestSession]:
    protocols = ["streamlit", "xsrf", *([resumed] if resumed else [])]
    with client.websocket_connect(SOCKET, subprotocols=protocols, headers={"Origin": origin}) as socket:
        yield socket


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_address_opens_only_for_the_user_to_whom_it_was_sent(ada: TestClient, method: str, path: str) -> None:
    eve = share_server(ada)
    log_in(eve, "eve@example.org")
    assert ada.request(method, path, headers=SAME).status_code == 200
    assert eve.request(method, path, headers=SAME).status_code == 404


def test_copies_of_pictures_are_kept_nowhere(ada: TestClient) -> None:
    assert ada.get(f"/media/{PICTURE}.png").headers["cache-control"] == "no-store"
    assert "cache-control" not in ada.get("/static/index.js").headers


def test_browser_session_is_continued_only_by_its_user(ada: TestClient) -> None:
    eve = share_server(ada)
    log_in(eve, "eve@example.org")
    with _open(ada, SESSION) as socket:
        assert SESSION in socket.receive_bytes().decode().rpartition(" ")[0]
    with _open(ada, SESSION) as socket:
        assert f"xsrf, {SESSION}" in socket.receive_bytes().decode()
    with _open(eve, SESSION) as socket:
        assert not socket.receive_bytes().decode().endswith(SESSION)
    with _open(ada, str(uuid4())) as socket:  # such as after a restart of the server: a new session begins
        assert socket.receive_bytes().decode().endswith("streamlit, xsrf")


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:9", "null", "http://[x"])
def test_websocket_of_a_page_of_another_site_is_refused(ada: TestClient, origin: str) -> None:
    with pytest.raises(WebSocketDisconnect), _open(ada, origin=origin):
        pass


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent/interact", "/_stcore/agent/mcp"])
def test_interfaces_of_streamlit_that_no_page_needs_are_closed(ada: TestClient, path: str) -> None:
    assert ada.get(path).status_code == 404


def test_oldest_addresses_are_forgotten_first() -> None:
    issued, user = IssuedAddresses(max_entries=2), uuid4()
    for number in range(3):
        issued.collect_ids(user, f"/media/{number:032x}.png".encode(), names_session=False)
    assert [issued.may_open(user, f"/media/{number:032x}") for number in range(3)] == [False, True, True]
    issued.collect_ids(user, SESSION.encode(), names_session=False)
    assert not issued.is_issued(user, SESSION)
