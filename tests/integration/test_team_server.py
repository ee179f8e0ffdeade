"""A real server with accounts and the dashboard: what is closed without a login stays closed under uvicorn."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.helpers.accounts import PASSWORD

pytestmark = pytest.mark.slow

# Every kind of address that Streamlit answers.
PATHS = ["/", "/detection", "/_stcore/health", "/_stcore/host-config", "/_stcore/metrics",
         "/_stcore/script-health-check",
         "/_stcore/upload_file/a/b", "/media/a.png", "/component/a/b.js", "/_stcore/bidi-components/a/b.js",
         "/static/index.html", "/app/static/a", "/oauth2callback", "/auth/login", "/favicon.png", "/index.html",
         "/_stcore/agent", "/.well-known/streamlit", "/llms.txt"]  # fmt: skip


@dataclass(frozen=True)
class Server:
    url: str
    link: str

    def open_socket(self, cookie: str = "", origin: str = "", resumed: str = "") -> ClientConnection:
        headers = {"Cookie": f"braintumor={cookie}"} if cookie else {}
        address = self.url.replace("http:", "ws:") + "/_stcore/stream"
        protocols = ["streamlit", "xsrf", resumed] if resumed else ["streamlit"]
        return connect(address, additional_headers=headers, origin=origin or self.url, subprotocols=protocols)  # type: ignore[arg-type]

    @contextmanager
    def browser_of(self, email: str) -> Iterator[httpx2.Client]:
        """A browser in which a user logs in."""
        with httpx2.Client(base_url=self.url, headers={"Sec-Fetch-Site": "same-origin"}, timeout=600) as client:
            fields = {"email": email, "password": PASSWORD} | _form_token(client, "/account/login")
            assert client.post("/account/login", data=fields).status_code == 303
            yield client


@pytest.fixture(scope="module")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"BRAINTUMOR_ACCOUNTS": "on", "BRAINTUMOR_DATA": str(folder / "data")}
    environment["PYTHONPATH"] = str(root / "src")
    log = folder / "log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "braintumor", "serve", "--port", str(port)]
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        url = f"http://localhost:{port}"
        _wait_for(url, process, log)
        link = re.search(r"http://\S+/account/link\?token=\S+", log.read_text())
        assert link, log.read_text()
        yield Server(url, link[0])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(600)
    text = log.read_text()
    assert "Traceback" not in text
    assert text.count(link[0].partition("token=")[2]) == 1  # printed once, never logged


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(6_000):
        assert process.poll() is None, log.read_text()
        try:
            httpx2.get(url)
        except httpx2.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def browser(server: Server) -> Iterator[httpx2.Client]:
    """The first administrator, who came by the link."""
    with httpx2.Client(base_url=server.url, headers={"Sec-Fetch-Site": "same-origin"}, timeout=600) as client:
        fields = {"token": server.link.partition("token=")[2], "email": "root@example.org", "password": PASSWORD}
        response = client.post("/account/link", data=fields | _form_token(client, server.link))
        assert (response.status_code, response.headers["location"]) == (303, "/")
        yield client


def _receive_all(websocket: ClientConnection) -> None:
    while True:
        websocket.recv(timeout=600)


def _form_token(client: httpx2.Client, page: str) -> dict[str, str]:
    found = re.search(r'name="form_token" value="(\w+)"', client.get(page).text)
    assert found
    return {"form_token": found[1]}


@pytest.mark.parametrize("path", PATHS)
def test_dashboard_is_closed(server: Server, path: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        assert httpx2.request(method, server.url + path, timeout=600).status_code == 401
    page = httpx2.get(server.url + path, headers={"Sec-Fetch-Mode": "navigate"}, timeout=600)
    assert page.status_code == 303
    assert page.headers["location"].startswith("/account/login?next=")


@pytest.mark.parametrize("cookie", ["", "forged"])
def test_websocket_is_closed(server: Server, cookie: str) -> None:
    with pytest.raises(InvalidStatus) as refusal, server.open_socket(cookie):
        pass
    assert refusal.value.response.status_code == 403


def test_login_opens_the_dashboard_with_a_strict_policy(browser: httpx2.Client) -> None:
    page = browser.get("/")
    assert "<title>Streamlit</title>" in page.text
    policy = page.headers["content-security-policy"]
    scripts = policy.split("script-src", 1)[1].split(";")[0].split()
    assert not {"'unsafe-inline'", "'unsafe-eval'", "https:", "*"} & set(scripts)
    assert "frame-ancestors 'none'" in policy
    assert browser.get("/api/v1/nothing").json()["status"] == 404


def test_websocket_of_another_site_is_refused(server: Server, browser: httpx2.Client) -> None:
    with pytest.raises(InvalidStatus), server.open_socket(browser.cookies["braintumor"], "https://evil.example"):
        pass


def test_open_websocket_ends_with_its_session(server: Server, browser: httpx2.Client) -> None:
    with server.browser_of("root@example.org") as second:
        with server.open_socket(second.cookies["braintumor"]) as websocket:
            fields = _form_token(browser, "/account") | {"id": "others"}
            assert browser.post("/account/sessions/revoke", data=fields).status_code == 303
            websocket.send(b"")  # a page that asks for a rerun
            with pytest.raises(ConnectionClosed):
                _receive_all(websocket)
        assert second.get("/").status_code == 401
    assert browser.get("/").status_code == 200


def _draw_page(websocket: ClientConnection, page: str = "") -> tuple[str, set[str]]:
    """Let Streamlit draw a page; return the browser session, and the paths of its pictures."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    rerun = BackMsg()
    rerun.rerun_script.page_name = page
    websocket.send(rerun.SerializeToString())
    session, pictures = "", set()
    while True:
        content = websocket.recv(timeout=600)
        assert isinstance(content, bytes)
        message = ForwardMsg()
        message.ParseFromString(content)
        pictures |= {found.decode() for found in re.findall(rb"/media/[0-9a-f]+\.\w+", content)}
        kind = message.WhichOneof("type")
        if kind == "new_session":
            session = message.new_session.initialize.session_id
        elif kind == "script_finished":
            return session, pictures


def test_another_user_opens_no_picture_no_upload_and_no_browser_session(server: Server, browser: httpx2.Client) -> None:
    invitation = {"email": "eve@example.org", "role": "reader"}
    link = browser.post("/api/v1/users", json=invitation).json()["link"]
    with httpx2.Client(base_url=server.url, headers={"Sec-Fetch-Site": "same-origin"}, timeout=600) as first:
        fields = {"token": link.partition("token=")[2], "password": PASSWORD}
        assert first.post("/account/link", data=fields | _form_token(first, link)).status_code == 303
    with server.browser_of("eve@example.org") as eve:
        assert eve.get("/").status_code == 200  # loads the page's XSRF cookie
        with server.open_socket(browser.cookies["braintumor"]) as websocket:
            session, pictures = _draw_page(websocket)
            assert pictures, "The first page has a picture."
            upload = f"/_stcore/upload_file/{session}/1"
            for path in pictures:
                assert browser.get(path).headers["cache-control"] == "no-store"
                assert eve.get(path).status_code == 404
            assert eve.put(upload, files={"file": b"x"}).status_code == 404
            assert eve.delete(upload).status_code == 404
            assert browser.delete(upload).status_code != 404
        with server.open_socket(eve.cookies["braintumor"], resumed=session) as websocket:
            assert _draw_page(websocket)[0] != session
        with server.open_socket(browser.cookies["braintumor"], resumed=session) as websocket:
            assert _draw_page(websocket)[0] == session
        assert eve.get("/_stcore/metrics").status_code == 404
        assert browser.post("/_stcore/agent/interact", json={}).status_code == 404
