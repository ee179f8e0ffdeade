"""Audit log: entries chained by HMAC, so that a changed, removed or reordered entry is found."""

import csv
import hashlib
import hmac
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from braintumor.db.tables import AuditEntry
from braintumor.db.tables.base import now

_START: Final = "0" * 64  # stands for the seal before the first entry
# Details hold ids, versions and counts. Names of patients and files, comments and addresses do not fit this pattern.
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,149}", re.ASCII)
_COLUMNS: Final = ("number", "at", "actor_id", "action", "what", "details", "previous_seal", "seal")
_MAX_PROBLEMS: Final = 20

Detail = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class AuditHead:
    """Number and seal of an entry. Kept elsewhere, the newest one proves later that no entry was cut off since."""

    number: int
    seal: str

    def __str__(self) -> str:
        return f"{self.number}:{self.seal}"

    @classmethod
    def parse(cls, line: str) -> "AuditHead":
        """Parse the text of a head, such as `42:9f...`.

        Raises
        ------
        ValueError
            The text is not one.
        """
        match = re.fullmatch(r"(\d+):([0-9a-f]{64})", line.strip())
        if match is None:
            raise ValueError(
                f"{line.strip()!r} is not a head of the audit log. A head is a number and 64 hexadecimal digits, such "
                "as 42:9f86..."
            )
        return cls(int(match[1]), match[2])


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """Result of verifying the log: its head, and what is wrong with it (at most 20 sentences)."""

    head: AuditHead
    problems: list[str] = field(default_factory=list)


class AuditLog:
    """Writes and verifies entries with a key that is stored outside the database.

    Parameters
    ----------
    key : bytes
        At least 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < 32:
            raise ValueError("The key of the audit log needs at least 32 bytes.")
        self._key = key

    def append(self, session: Session, actor_id: UUID | None, action: str, what: str, **details: Detail) -> AuditHead:
        """Add an entry in the transaction of what it records, from `Database.write`.

        Make it the last step of the transaction: on PostgreSQL it locks the log until the transaction ends.

        Parameters
        ----------
        session : Session
        actor_id : UUID or None
            The acting user; None for the program itself.
        action : str
            Such as `reading.saved`.
        what : str
            Kind and id of the object, such as `scan:0190...`.
        **details
            Numbers, ids and versions.

        Raises
        ------
        ValueError
            A text is more than an identifier, so that it may be the name of a patient.
        """
        for value in (action, what, *details.values()):
            if isinstance(value, str) and not _IDENTIFIER.fullmatch(value):
                raise ValueError("The audit log takes ids, versions and numbers, no free text.")
        if session.get_bind().dialect.name == "postgresql":  # SQLite has locked the database for this transaction
            session.execute(text("LOCK TABLE audit IN EXCLUSIVE MODE"))
        head = read_head(session)
        entry = AuditEntry(
            number=head.number + 1,
            at=now(),
            actor_id=actor_id,
            action=action,
            what=what,
            details=json.dumps(details, sort_keys=True, separators=(",", ":")),
            previous_seal=head.seal,
        )
        entry.seal = self._seal(entry)
        session.add(entry)
        session.flush()
        return AuditHead(entry.number, entry.seal)

    def verify(self, session: Session, *expected: AuditHead) -> AuditCheck:
        """Compute all seals again.

        Parameters
        ----------
        session : Session
        *expected : AuditHead
            Heads noted earlier, which must still be part of the log.
        """
        problems: list[str] = []
        pending = {head.number: head for head in expected if head.number}
        number, seal = 0, _START
        for entry in _iter_entries(session):
            problems += self._check_entry(entry, number, seal)
            noted = pending.pop(entry.number, None)
            if noted is not None and not hmac.compare_digest(noted.seal, entry.seal):
                problems.append(f"Entry {entry.number:,} is not the one whose seal was noted: the log was rewritten.")
            number, seal = entry.number, entry.seal
        problems += [
            f"Entry {missing:,}, whose seal was noted, is missing: the end of the log was cut off."
            for missing in sorted(pending)
        ]
        return AuditCheck(AuditHead(number, seal), problems[:_MAX_PROBLEMS])

    def _check_entry(self, entry: AuditEntry, number: int, seal: str) -> Iterator[str]:
        if entry.number != number + 1:
            yield f"Entries {number + 1:,} to {entry.number - 1:,} are missing."
        elif not hmac.compare_digest(entry.previous_seal, seal):
            yield f"Entry {entry.number:,} does not follow entry {number:,}: one of them was replaced."
        if not hmac.compare_digest(entry.seal, self._seal(entry)):
            yield f"Entry {entry.number:,} was changed, or written with another key."

    def _seal(self, entry: AuditEntry) -> str:
        message = json.dumps([_cell(getattr(entry, name)) for name in _COLUMNS[:-1]], separators=(",", ":"))
        return hmac.new(self._key, message.encode(), hashlib.sha256).hexdigest()


def read_head(session: Session) -> AuditHead:
    """Return the newest entry's number and seal; number 0 if there is none."""
    newest = select(AuditEntry.number, AuditEntry.seal).order_by(AuditEntry.number.desc()).limit(1)
    row = session.execute(newest).first()
    return AuditHead(*row) if row else AuditHead(0, _START)


def export_json_lines(session: Session) -> Iterator[str]:
    """Yield each entry as a line of JSON, and the head as the last line."""
    head = AuditHead(0, _START)
    for entry in _iter_entries(session):
        yield json.dumps({name: _cell(getattr(entry, name)) for name in _COLUMNS}) + "\n"
        head = AuditHead(entry.number, entry.seal)
    yield json.dumps({"head": str(head)}) + "\n"


def export_csv(session: Session) -> Iterator[str]:
    """Yield the header and each entry as a line of CSV. The last entry is the head; no cell starts a formula."""
    yield _csv_line(_COLUMNS)
    for entry in _iter_entries(session):
        yield _csv_line([_cell(getattr(entry, name)) for name in _COLUMNS])


def _iter_entries(session: Session) -> Iterator[AuditEntry]:
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.number).execution_options(yield_per=1_000))
    for entry in entries:
        yield entry
        session.expunge(entry)  # a long log stays out of memory


def _cell(value: Any) -> str | int | None:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    return str(value) if isinstance(value, UUID) else value


def _csv_line(cells: Any) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
