"""Web server and worker with PostgreSQL and S3: processes of this computer, or containers of deploy/compose.yaml."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Protocol

import httpx2

from tests.helpers.e2e.server import ROOT, serve_all
from tests.helpers.storage.postgresql import run_postgresql
from tests.helpers.storage.s3 import run_s3

# Address of running containers, and the command for them, such as `docker compose -f deploy/compose.yaml`.
ADDRESS_VARIABLE: Final = "STACK_ADDRESS"
COMPOSE_VARIABLE: Final = "STACK_COMPOSE"
_KEY: Final = "test key of the audit log, 32 characters"


class Stack(Protocol):
    """A deployment under test."""

    @property
    def address(self) -> str:
        """Where it answers; another one after a restart."""

    def run(self, *arguments: str) -> str:
        """Run a `braintumor` command beside the web server and return its output."""

    def restart(self) -> None:
        """Stop web server and worker, and start them again."""


class ComposeStack:
    """Containers that were started by `docker compose up --wait`."""

    def __init__(self, address: str, compose: str) -> None:
        self.address, self._compose = address, shlex.split(compose)

    def run(self, *arguments: str) -> str:
        command = [*self._compose, "exec", "-T", "web", "python", "-m", "braintumor", *arguments]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def restart(self) -> None:
        subprocess.run([*self._compose, "restart", "web", "worker"], check=True)
        for _ in range(600):
            try:
                if httpx2.get(f"{self.address}/readyz").is_success:
                    return
            except httpx2.HTTPError:
                pass
            time.sleep(0.5)
        raise RuntimeError("The web server is not ready after its restart.")


class LocalStack:
    """`braintumor serve` and `braintumor worker`. Use it as a context manager."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._processes = ExitStack()
        self.address = ""

    def __enter__(self) -> "LocalStack":
        self.run("db", "upgrade")
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._processes.close()

    def run(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "braintumor", *arguments]
        environment = os.environ | self._environment
        run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert run.returncode == 0, f"{arguments}: {run.stdout}{run.stderr}"
        return run.stdout

    def restart(self) -> None:
        self._processes.close()
        self._start()

    def _start(self) -> None:
        self.address, _ = self._processes.enter_context(serve_all(self._environment))
        self._processes.enter_context(_work(self._environment))


@contextmanager
def open_stack(folder: Path) -> Iterator[Stack]:
    """Yield the stack that the variables name, or start one on this computer in an empty folder."""
    if address := os.environ.get(ADDRESS_VARIABLE):
        yield ComposeStack(address, os.environ[COMPOSE_VARIABLE])
        return
    with run_postgresql() as database, run_s3("scans") as store:
        environment = store | {
            "BRAINTUMOR_ACCOUNTS": "on",
            "BRAINTUMOR_AUDIT_KEY": _KEY,
            "BRAINTUMOR_BLOBS": "s3://scans",
            "BRAINTUMOR_DATA": str(folder / "data"),
            "BRAINTUMOR_DATABASE": database,
            "BRAINTUMOR_WORKER_THREAD": "off",
            "PYTHONPATH": str(ROOT / "src"),
        }
        with LocalStack(environment) as stack:
            yield stack


@contextmanager
def _work(environment: Mapping[str, str]) -> Iterator[None]:
    command = [sys.executable, "-m", "braintumor", "worker"]
    worker = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(600)
