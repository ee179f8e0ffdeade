"""The dashboard served as `make run` serves it, and Chromium, for tests and benchmarks."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

ROOT: Final = Path(__file__).resolve().parents[3]
NO_CHROMIUM: Final = (
    "Chromium is not installed; install it (Debian: sudo apt install chromium) or set BRAINTUMOR_CHROMIUM to its path"
)
_FLAGS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
# Seconds.
_START_TIMEOUT: Final = 900


def find_chromium() -> str | None:
    """Return the path of Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("BRAINTUMOR_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@contextmanager
def launch_chromium(path: str) -> Iterator[Browser]:
    """Run Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        yield browser
        browser.close()


@contextmanager
def serve_dashboard(environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """Serve the dashboard on a free port and yield its address."""
    with serve_all(environment) as (address, _):
        yield address


@contextmanager
def serve_all(environment: Mapping[str, str] | None = None) -> Iterator[tuple[str, Path]]:
    """Start `braintumor serve` on a free port; yield the address and the path of the log."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "braintumor", "serve", "--port", str(port)]
    # The log goes to a file: a pipe that no one reads would fill up and block the server.
    with tempfile.NamedTemporaryFile("w+", encoding="utf-8") as log:
        server = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **(environment or {})}, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            if not _wait_until_healthy(f"{address}/livez", server):
                log.seek(0)
                raise RuntimeError(f"The dashboard did not start within {_START_TIMEOUT} s:\n{log.read()}")
            yield address, Path(log.name)
        finally:
            server.terminate()
            server.wait()


def _wait_until_healthy(url: str, server: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return True
        except OSError:
            time.sleep(0.2)
    return False
