"""A real server with accounts and the dashboard: what is closed without a login stays closed under uvicorn."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
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

    def open_socket(self, cookie: str = "", origin: str = "") -> ClientConnection:
        headers = {"Cookie": f"braintumor={cookie}"} if cookie else {}
        address = self.url.replace("http:", "ws:") + "/_stcore/stream"
        return connect(address, additional_headers=headers, origin=origin or self.url, subprotocols=["streamlit"])  # type: ignore[arg-type, list-item]


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
    with httpx2.Client(base_url=server.url, headers={"Sec-Fetch-Site": "same-origin"}, timeout=600) as second:
        fields = {"email": "root@example.org", "password": PASSWORD}
        assert second.post("/account/login", data=fields | _form_token(second, "/account/login")).status_code == 303
        with server.open_socket(second.cookies["braintumor"]) as websocket:
            fields = _form_token(browser, "/account") | {"id": "others"}
            assert browser.post("/account/sessions/revoke", data=fields).status_code == 303
            websocket.send(b"")  # a page that asks for a rerun
            with pytest.raises(ConnectionClosed):
                _receive_all(websocket)
        assert second.get("/").status_code == 401
    assert browser.get("/").status_code == 200
