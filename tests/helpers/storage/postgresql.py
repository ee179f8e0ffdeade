"""A PostgreSQL server on a loopback port for tests; nothing is installed for it."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

_DEBIAN: Final = Path("/usr/lib/postgresql")  # not on the search path


@contextmanager
def run_postgresql() -> Iterator[str]:
    """Start a server and yield its address; skip the test where PostgreSQL is not installed."""
    initdb = _find_initdb()
    if initdb is None:
        pytest.skip("PostgreSQL is not installed (initdb); on Debian: apt install postgresql")
    # Not in pytest's folder, which is closed to other users again whenever another pytest starts.
    with tempfile.TemporaryDirectory(prefix="braintumor-postgresql-") as folder, _run(initdb, Path(folder)) as address:
        yield address


@contextmanager
def _run(initdb: str, folder: Path) -> Iterator[str]:
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    if user:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(*command: str) -> None:
        subprocess.run([*user, *command], check=True, cwd=folder, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    pg_ctl, data = str(Path(initdb).resolve().with_name("pg_ctl")), str(folder / "pg")
    run(initdb, "--no-sync", "--auth=trust", "--username=tester", "--encoding=UTF8", "-D", data)
    options = f"-h 127.0.0.1 -p {port} -k {folder}"
    run(pg_ctl, "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        yield f"postgresql://tester:unused@127.0.0.1:{port}/postgres"
    finally:
        run(pg_ctl, "-D", data, "-m", "immediate", "stop")


def _find_initdb() -> str | None:
    """Return the path of `initdb`, of the newest version if Debian has several."""
    installed = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return shutil.which("initdb") or (str(installed[-1]) if installed else None)
