"""Check that database, stored files and audit log belong together, and repair what an interruption left behind."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import func, select, text

from braintumor.db.audit import AuditHead
from braintumor.db.blob_rows import find_unreferenced, lock_blobs, mark_unreferenced, remove_marked
from braintumor.db.storage import Storage
from braintumor.db.tables import Blob, ReadingRow, ScanRow
from braintumor.errors import StorageError
from braintumor.text import pluralize

_MAX_LISTED: Final = 20


@dataclass(slots=True)
class CheckReport:
    """Result of a check.

    Attributes
    ----------
    facts : list of str
        What was counted and checked.
    problems : list of str
        What is wrong and still needs attention.
    repairs : list of str
        What was repaired.
    head : AuditHead
        Newest entry of the audit log, to be kept elsewhere.
    """

    head: AuditHead
    facts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [*self.facts, *(f"Repaired: {repair}" for repair in self.repairs)]
        lines += [f"Problem: {problem}" for problem in self.problems]
        state = "No problems." if not self.problems else f"{pluralize(len(self.problems), 'problem')}."
        return "\n".join([*lines, f"Head of the audit log: {self.head}", state])


def check(storage: Storage, *heads: AuditHead, repair: bool = False) -> CheckReport:
    """Verify everything that is stored. Users may go on working.

    Parameters
    ----------
    storage : Storage
    *heads : AuditHead
        Heads of the audit log noted earlier.
    repair : bool
        Complete interrupted removals, delete files without a record, and encrypt all files with the first key. Damaged
        files and a changed audit log cannot be repaired: restore a backup.
    """
    with storage.database.read() as session:
        audit = storage.audit.verify(session, *heads)
        counts = [session.scalar(select(func.count()).select_from(table)) or 0 for table in (ReadingRow, ScanRow)]
    report = CheckReport(audit.head, problems=[f"Audit log: {problem}" for problem in audit.problems])
    report.facts.append(f"{pluralize(counts[0], 'reading')} of {pluralize(counts[1], 'scan')}.")
    report.problems += _check_database(storage)
    _check_leftovers(storage, report, repair=repair)
    _check_files(storage, report, repair=repair)
    report.facts.append(f"Audit log: {pluralize(audit.head.number, 'entry', 'entries')} verified.")
    return report


def _check_database(storage: Storage) -> Iterator[str]:
    """Yield errors of an SQLite file; PostgreSQL checks pages and foreign keys itself."""
    if not storage.database.is_sqlite:
        return
    try:
        with storage.database.read() as session:
            damages = [str(row[0]) for row in session.execute(text("PRAGMA integrity_check(20)")) if row[0] != "ok"]
            broken = session.execute(text("PRAGMA foreign_key_check")).all()
    except StorageError as error:
        damages, broken = [str(error)], []
    if damages:
        yield f"The database file is damaged ({damages[0]}). Restore a backup."
    tables = sorted({row[0] for row in broken})
    if tables:
        yield f"{pluralize(len(broken), 'row')} of {', '.join(tables)} without the row they need. Restore a backup."


def _check_leftovers(storage: Storage, report: CheckReport, *, repair: bool) -> None:
    """Find what interruptions leave: marked and unneeded rows, files without a row, and incomplete files."""
    if repair:
        with storage.database.write() as session:
            mark_unreferenced(session, find_unreferenced(session))
        if count := remove_marked(storage.database, storage.blobs):
            report.repairs.append(f"{pluralize(count, 'file')} removed that no record needs.")
        if count := _remove_orphans(storage):
            report.repairs.append(f"{pluralize(count, 'file')} of interrupted uploads removed.")
        return
    with storage.database.read() as session:
        rows = len(find_unreferenced(session))
    orphans = len(_find_orphans(storage)) + len(storage.blobs.list_incomplete())
    advice = "Run: braintumor db check --repair"
    if rows:
        report.problems.append(f"{pluralize(rows, 'file')} no record needs, from an interrupted removal. {advice}")
    if orphans:
        report.problems.append(f"{pluralize(orphans, 'file')} from an interrupted upload. {advice}")


def _find_orphans(storage: Storage) -> set[str]:
    """Return stored files without a row. Files are listed first, so that one stored meanwhile is not among them."""
    stored = set(storage.blobs.iter_hashes())
    with storage.database.read() as session:
        return stored.difference(session.scalars(select(Blob.sha256)))


def _remove_orphans(storage: Storage) -> int:
    orphans = _find_orphans(storage)
    with storage.database.write() as session:
        lock_blobs(session)  # nobody is storing a file now
        orphans.difference_update(session.scalars(select(Blob.sha256)))
        for sha256 in orphans:
            storage.blobs.delete(sha256)
        incomplete = storage.blobs.list_incomplete()
        for path in incomplete:
            path.unlink(missing_ok=True)
    return len(orphans) + len(incomplete)


def _check_files(storage: Storage, report: CheckReport, *, repair: bool) -> None:
    """Read every stored file; with `repair`, encrypt those with another key again."""
    with storage.database.read() as session:
        hashes = session.scalars(select(Blob.sha256).order_by(Blob.sha256)).all()
    problems, outdated = [], []
    for sha256 in hashes:
        try:
            stored = storage.blobs.read_raw(sha256)
            storage.blobs.decode(sha256, stored)
        except StorageError as error:
            if not _was_removed(storage, sha256):
                problems.append(f"{error} {_name_scans(storage, sha256)}")
            continue
        if not storage.blobs.cipher.is_current(stored, sha256):
            outdated.append(sha256)
    report.facts.append(f"{pluralize(len(hashes), 'stored file')} read.")
    report.problems += problems[:_MAX_LISTED]
    if len(problems) > _MAX_LISTED:
        report.problems.append(f"{len(problems) - _MAX_LISTED:,} further files are missing or damaged.")
    _report_outdated(storage, report, outdated, repair=repair)


def _report_outdated(storage: Storage, report: CheckReport, outdated: list[str], *, repair: bool) -> None:
    if outdated and repair:
        count = sum(_store_again(storage, sha256) for sha256 in outdated)
        report.repairs.append(f"{pluralize(count, 'file')} stored again with the first key of BRAINTUMOR_BLOB_KEY.")
    elif outdated:
        report.facts.append(
            f"{pluralize(len(outdated), 'file')} not encrypted with the first key of BRAINTUMOR_BLOB_KEY. "
            "To change that, run: braintumor db check --repair"
        )


def _store_again(storage: Storage, sha256: str) -> bool:
    with storage.database.write() as session:
        if session.scalar(select(Blob.sha256).where(Blob.sha256 == sha256).with_for_update()) is None:
            return False
        content = storage.blobs.get(sha256)
        storage.blobs.write_raw(sha256, storage.blobs.cipher.encrypt(content, sha256))
    return True


def _was_removed(storage: Storage, sha256: str) -> bool:
    with storage.database.read() as session:
        blob = session.get(Blob, sha256)
        return blob is None or blob.removing_at is not None


def _name_scans(storage: Storage, sha256: str) -> str:
    """Name the scans of a file by their ids, because their names may be those of patients."""
    with storage.database.read() as session:
        ids = session.scalars(select(ScanRow.id).where(ScanRow.blob_sha256 == sha256).limit(5)).all()
    return f"Scan: {', '.join(map(str, ids))}." if ids else ""
