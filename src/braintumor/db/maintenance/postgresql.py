"""Backup and restore of PostgreSQL with its own programs, `pg_dump` and `pg_restore`."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from sqlalchemy import text

from braintumor.db.blob_rows import referenced_hashes
from braintumor.db.engine import Database
from braintumor.errors import StorageError

_VARIABLES: Final = {
    "host": "PGHOST",
    "port": "PGPORT",
    "username": "PGUSER",
    "password": "PGPASSWORD",
    "database": "PGDATABASE",
}


def dump_postgresql(database: Database, target: Path) -> list[str]:
    """Write a dump, and return the hashes of the files that it needs, both as of one moment.

    Raises
    ------
    StorageError
        `pg_dump` is not installed or fails.
    """
    snapshot_options = {"isolation_level": "REPEATABLE READ"}
    with database.engine.connect().execution_options(**snapshot_options) as connection:
        snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
        needed = connection.scalars(referenced_hashes()).all()
        options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}"]
        _run("pg_dump", database, options)
    target.chmod(0o600)
    return list(needed)


def restore_postgresql(database: Database, source: Path) -> None:
    """Restore a dump into an empty database, completely or not at all.

    Raises
    ------
    StorageError
        `pg_restore` is not installed or fails.
    """
    name = str(database.url.database)
    options = [
        "--no-owner",
        "--no-privileges",
        "--exit-on-error",
        "--single-transaction",
        f"--dbname={name}",
        str(source),
    ]
    _run("pg_restore", database, options)


def _run(program: str, database: Database, options: list[str]) -> None:
    """Run a program with the address in environment variables, because command lines are visible to all users."""
    executable = shutil.which(program)
    if executable is None:
        raise StorageError(f"{program} is not installed. Install the client programs of PostgreSQL and try again.")
    url = database.url
    environment = {variable: str(value) for name, variable in _VARIABLES.items() if (value := getattr(url, name))}
    environment |= {f"PG{name.upper()}": str(value) for name, value in url.query.items()}
    done = subprocess.run(
        [executable, "--no-password", *options],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[0]
        raise StorageError(f"{program} failed: {reason}")
