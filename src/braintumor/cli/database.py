"""Commands for stored records: upgrade, back up, restore, check, and export the audit log."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from braintumor.cli.arguments import add_command
from braintumor.errors import StorageError
from braintumor.text import pluralize

if TYPE_CHECKING:
    from braintumor.db.audit import AuditHead


def add_database_commands(commands: argparse._SubParsersAction) -> None:
    """Add the commands to a parser."""
    database = commands.add_parser(
        "db", help="upgrade, back up, restore and check the stored records; export the audit log"
    )
    verbs = database.add_subparsers(required=True, metavar="COMMAND")
    add_command(verbs, "upgrade", "create or upgrade the tables of the database", _upgrade)
    backup = add_command(verbs, "backup", "copy database, scans and audit key while users go on working", _backup)
    backup.add_argument("target", type=Path, help="a new folder, or a new file that ends in .zip")
    restore = add_command(verbs, "restore", "restore a backup to empty storage and check it", _restore)
    restore.add_argument("source", type=Path, help="a folder or ZIP archive written by backup")
    check = add_command(verbs, "check", "verify database, stored scans and audit log", _check)
    check.add_argument("--repair", action="store_true", help="clean up after interrupted uploads and deletions")
    check.add_argument(
        "--head", action="append", default=[], metavar="HEAD|FILE", help="head of the audit log noted earlier, or a "
        "file with one in its last line, such as one written by audit; finds entries that were cut off since"
    )  # fmt: skip
    audit = add_command(
        verbs, "audit", "write the audit log with its seals to a file, and print its head", _export_audit
    )
    audit.add_argument("target", type=Path, help="a new file, CSV or, if it ends in .jsonl, lines of JSON")
    check.epilog = "Exit code 1 if a problem remains."


def _upgrade(_: argparse.Namespace) -> int:
    from braintumor.db.engine import Database, database_url
    from braintumor.db.migrations import HEAD
    from braintumor.db.upgrade import upgrade_database
    from braintumor.settings import get_settings

    before = upgrade_database(Database(database_url(get_settings())))
    if before == HEAD:
        print(f"The database is up to date (revision {HEAD}).")
    else:
        print(f"Upgraded the database {f'from revision {before} ' if before else ''}to revision {HEAD}.")
    return 0


def _backup(options: argparse.Namespace) -> int:
    from braintumor.db.access_log import log_access
    from braintumor.db.maintenance.backup import backup
    from braintumor.db.storage import open_storage
    from braintumor.settings import get_settings

    settings = get_settings()
    storage = open_storage(settings)
    log_access(storage, None, "backup.created", "database:all")
    manifest = backup(storage, options.target)
    print(f"Saved the database and {pluralize(manifest['blobs'], 'scan')} to {options.target}.")
    print(f"Head of the audit log: {manifest['audit_head']}")
    print("It contains scans and the key of the audit log: keep it on an encrypted disk.")
    if settings.blob_key is not None:
        print("It does not contain BRAINTUMOR_BLOB_KEY, without which the scans cannot be read: keep that elsewhere.")
    return 0


def _restore(options: argparse.Namespace) -> int:
    from braintumor.db.access_log import log_access
    from braintumor.db.audit import AuditHead
    from braintumor.db.maintenance.check import check
    from braintumor.db.maintenance.restore import restore
    from braintumor.db.storage import open_storage
    from braintumor.settings import get_settings

    manifest = restore(get_settings(), options.source)
    print(f"Restored the backup of {manifest['created_at']}.")
    storage = open_storage()
    log_access(storage, None, "backup.restored", "database:all")
    report = check(storage, AuditHead.parse(manifest["audit_head"]), repair=True)
    print(report)
    return 1 if report.problems else 0


def _check(options: argparse.Namespace) -> int:
    from braintumor.db.maintenance.check import check
    from braintumor.db.storage import open_storage

    report = check(open_storage(), *map(_parse_head, options.head), repair=options.repair)
    print(report)
    return 1 if report.problems else 0


def _export_audit(options: argparse.Namespace) -> int:
    from braintumor.db.overview.administration import export_audit
    from braintumor.db.storage import open_storage

    export = export_audit(open_storage(), None, as_json=options.target.suffix == ".jsonl")
    try:
        options.target.touch(mode=0o600, exist_ok=False)
        options.target.write_bytes(export.content)
    except OSError as error:
        raise StorageError(f"Cannot write {options.target}: {error.strerror}. Choose another name.") from None
    print(f"Wrote {pluralize(export.head.number, 'entry', 'entries')} to {options.target}.")
    print(f"Head of the audit log: {export.head}")
    return 0


def _parse_head(argument: str) -> "AuditHead":
    from braintumor.db.audit import AuditHead

    try:
        path = Path(argument)
        if not path.is_file():
            return AuditHead.parse(argument)
        line = path.read_text(encoding="utf-8").splitlines()[-1]
        exported = re.fullmatch(r'(\d+),.*,([0-9a-f]{64})|\{"head": "(\d+):([0-9a-f]{64})"\}', line)
        return AuditHead.parse(":".join(filter(None, exported.groups())) if exported else line)
    except (ValueError, OSError, IndexError) as error:
        raise StorageError(f"{argument} is neither a head of the audit log nor a file with one: {error}") from None
