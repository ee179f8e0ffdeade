"""A PostgreSQL server on a loopback port for tests; nothing is installed for it."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def run_postgresql(folder: Path) -> Iterator[str]:
    """Start a server in an empty folder and yield its address; skip the test where PostgreSQL is not installed."""
    initdb = shutil.which("initdb")
    if initdb is None:
        pytest.skip("PostgreSQL is not installed (initdb); on Debian: apt install postgresql")
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    if user:  # PostgreSQL refuses to run as root
        for parent in (folder, *folder.parents):
            if parent.owner() == "root" and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)
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
