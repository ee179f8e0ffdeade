"""Counts over a user's own history, for the dashboard. Each slice counts; the verdicts on whole studies do not."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, select

from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import ReadingRow, ScanRow
from braintumor.db.tables.records import SLICE


@dataclass(frozen=True, slots=True)
class HistorySummary:
    """How many readings there are.

    Attributes
    ----------
    by_version : Counter of str
        Of all readings, whatever was filtered.
    by_verdict, by_result : Counter of str
        Of the filtered readings; `result` is the class as in the CSV.
    by_day : Counter of (date, str)
        By day in UTC and verdict.
    """

    by_version: Counter[str]
    by_verdict: Counter[str]
    by_result: Counter[tuple[str, str]]
    by_day: Counter[tuple[date, str]]

    @property
    def readings(self) -> int:
        """Number of filtered readings."""
        return self.by_verdict.total()


@dataclass(frozen=True, slots=True)
class ReadingWithFinding:
    """A reading with the reader's finding. `group` is the same for slices of one series."""

    verdict: str
    result: str
    opinion: str
    group: str


def summarize_history(
    storage: Storage, actor: Actor, version: str = "", since: datetime | None = None
) -> HistorySummary:
    """Count the slices and pictures of a user that are not deleted, as they were read.

    Parameters
    ----------
    version : str
        Only those of one model version; all if empty.
    since : datetime, optional
        Only those read at this time or later.
    """
    chosen, verdict = _filters(actor, version, since), ReadingRow.verdict
    day = func.date(ReadingRow.read_at)
    with storage.database.read() as session:
        versions = select(ReadingRow.version, func.count()).where(*_filters(actor)).group_by(ReadingRow.version)
        results = select(verdict, ReadingRow.result, func.count()).where(*chosen).group_by(verdict, ReadingRow.result)
        days = select(day, verdict, func.count()).where(*chosen).group_by(day, verdict)
        by_version = Counter(dict(session.execute(versions).all()))
        by_result = Counter({(verdict, result): count for verdict, result, count in session.execute(results)})
        by_day = Counter({(_to_date(day), verdict): count for day, verdict, count in session.execute(days)})
    by_verdict: Counter[str] = Counter()
    for (each, _), count in by_result.items():
        by_verdict[each] += count
    return HistorySummary(by_version, by_verdict, by_result, by_day)


def list_versions(storage: Storage, actor: Actor) -> list[str]:
    """Return the model versions of a user's readings that are not deleted, by name."""
    versions = select(ReadingRow.version).where(*_own(actor)).distinct().order_by(ReadingRow.version)
    with storage.database.read() as session:
        return list(session.scalars(versions))


def list_readings_with_finding(
    storage: Storage, actor: Actor, version: str = "", since: datetime | None = None
) -> list[ReadingWithFinding]:
    """Return the readings with a finding of the user; arguments as for `summarize_history`."""
    columns = ReadingRow.verdict, ReadingRow.result, ReadingRow.opinion, ScanRow.series, ScanRow.id
    statement = select(*columns).join(ScanRow, ScanRow.id == ReadingRow.scan_id).where(ReadingRow.opinion != "")
    with storage.database.read() as session:
        rows = session.execute(statement.where(*_filters(actor, version, since))).all()
    return [
        ReadingWithFinding(verdict, result, opinion, series or str(scan))
        for verdict, result, opinion, series, scan in rows
    ]


def _filters(actor: Actor, version: str = "", since: datetime | None = None) -> list[ColumnElement[bool]]:
    filters = [*_own(actor), ReadingRow.level == SLICE]
    filters += [ReadingRow.version == version] if version else []
    return filters + ([ReadingRow.read_at >= since] if since else [])


def _own(actor: Actor) -> list[ColumnElement[bool]]:
    return [ReadingRow.owner_id == actor.id, ReadingRow.deleted_at.is_(None)]


def _to_date(value: date | str) -> date:
    """Return a date: SQLite returns text."""
    return date.fromisoformat(value) if isinstance(value, str) else value
