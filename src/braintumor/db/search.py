"""Search in a user's history: filters, sorting, and pages that continue from the last row."""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, literal, select, tuple_
from sqlalchemy.orm import Session, defer

from braintumor.db.records import clean_text, require_reading, require_scan
from braintumor.db.storage import Actor, Storage
from braintumor.db.studies import is_slice_of_study
from braintumor.db.tables import JobReading, ReaderFindingRow, ReadingRow, ScanRow
from braintumor.errors import RecordError

MAX_PAGE_ROWS: Final = 500
_Rows = Select[ReadingRow, ScanRow, ReaderFindingRow]


class Sort(StrEnum):
    """What a search is sorted by; each has an index."""

    TIME = "read_at"
    NAME = "name"
    TUMOR_PROBABILITY = "tumor_probability"
    UNCERTAINTY = "uncertainty"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """Filters, order and page. Empty filters match everything.

    Attributes
    ----------
    name : str
        Part of the name, in any case.
    verdict, version, level, opinion : str
        The level is `slice` or `study`, and the opinion, from the reader's finding, `agree` or a class.
    without_slices : bool
        Leave out the slices of studies that are among the records: the study stands for them.
    read_from, read_until : datetime or None
        Times of reading, the second one exclusive.
    job_id : UUID or None
        Only readings of this job.
    deleted : bool
        Search in what was deleted and can still be restored.
    after : str
        The `next` of the previous page.
    """

    name: str = ""
    verdict: str = ""
    version: str = ""
    level: str = ""
    without_slices: bool = False
    opinion: str = ""
    read_from: datetime | None = None
    read_until: datetime | None = None
    job_id: UUID | None = None
    deleted: bool = False
    sort: Sort = Sort.TIME
    descending: bool = True
    rows: int = 50
    after: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A reading with its scan and the user's finding; `payload` only where one record is opened or exported."""

    reading_id: UUID
    scan_id: UUID
    name: str
    sha256: str
    series: str
    version: str
    card_sha256: str
    verdict: str
    result: str
    tumor_probability: float
    uncertainty: float
    probabilities: dict[str, float]
    ood_score: float | None
    area_pixels: int | None
    area_mm2: float | None
    diameter_mm: float | None
    read_at: datetime
    saved_at: datetime
    deleted_at: datetime | None
    has_scan: bool
    level: str
    opinion: str
    comment: str
    payload: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page, and where the next one begins; empty on the last page."""

    records: list[Record]
    next: str


def search(storage: Storage, actor: Actor, query: SearchQuery) -> Page:
    """Return one page of the user's readings.

    Every row is on exactly one page, also when others are added meanwhile.

    Raises
    ------
    RecordError
        `after` does not come from a page of the same order.
    """
    with storage.database.read() as session:
        return _read_page(session, actor, query)


def open_record(storage: Storage, actor: Actor, reading_id: UUID) -> Record:
    """Return one reading with its payload, and note in the audit log that the user saw it.

    Raises
    ------
    RecordError
        The user has no such reading.
    """
    with storage.database.write() as session:
        require_reading(session, actor, reading_id)
        record = _to_record(*session.execute(_select(actor).where(ReadingRow.id == reading_id)).one(), payload=True)
        storage.audit.append(session, actor.id, "reading.seen", f"reading:{reading_id}")
    return record


def list_readings(storage: Storage, actor: Actor, scan_id: UUID) -> list[Record]:
    """Return the readings of a scan by all model versions, newest first, to compare them.

    Raises
    ------
    RecordError
        The user has no such scan.
    """
    with storage.database.read() as session:
        require_scan(session, actor, scan_id)
        newest_first = ReadingRow.read_at.desc(), ReadingRow.id.desc()
        rows = session.execute(_select(actor).where(ReadingRow.scan_id == scan_id).order_by(*newest_first))
        return [_to_record(*row) for row in rows]


def export_records(storage: Storage, actor: Actor, query: SearchQuery) -> Iterator[Record]:
    """Yield all readings of a search with their payload, and note the export in the audit log first."""
    with storage.database.write() as session:
        storage.audit.append(session, actor.id, "history.exported", f"user:{actor.id}")
    query = replace(query, rows=MAX_PAGE_ROWS, after="")
    while True:
        with storage.database.read() as session:
            page = _read_page(session, actor, query, payload=True)
        yield from page.records
        if not page.next:
            return
        query = replace(query, after=page.next)


def search_statement(actor: Actor, query: SearchQuery) -> _Rows:
    """Return the statement of a search, with one row more than the page has."""
    column = getattr(ReadingRow, query.sort.value)
    keys = (column, ReadingRow.id)
    statement = _select(actor).where(*_filters(query)).limit(query.rows + 1)
    if query.after:
        value, reading_id = _parse_cursor(query)
        last = tuple_(literal(value, column.type), literal(reading_id, ReadingRow.id.type))
        statement = statement.where(tuple_(*keys) < last if query.descending else tuple_(*keys) > last)
    return statement.order_by(*(key.desc() if query.descending else key.asc() for key in keys))


def _read_page(session: Session, actor: Actor, query: SearchQuery, *, payload: bool = False) -> Page:
    query = replace(query, rows=max(1, min(query.rows, MAX_PAGE_ROWS)))
    statement = search_statement(actor, query)
    rows = session.execute(statement if payload else statement.options(defer(ReadingRow.payload))).all()
    records = [_to_record(*row, payload=payload) for row in rows[: query.rows]]
    return Page(records, _format_cursor(query, records[-1]) if len(rows) > query.rows else "")


def _select(actor: Actor) -> _Rows:
    own_finding = and_(ReaderFindingRow.reading_id == ReadingRow.id, ReaderFindingRow.reader_id == actor.id)
    return (
        select(ReadingRow, ScanRow, ReaderFindingRow)
        .join(ScanRow, ScanRow.id == ReadingRow.scan_id)
        .outerjoin(ReaderFindingRow, own_finding)
        .where(ReadingRow.owner_id == actor.id)
    )


def _filters(query: SearchQuery) -> Iterator[Any]:
    yield ReadingRow.deleted_at.is_not(None) if query.deleted else ReadingRow.deleted_at.is_(None)
    for name in ("verdict", "version", "level", "opinion"):
        if value := getattr(query, name):
            yield getattr(ReadingRow, name) == clean_text(value)
    if query.without_slices:
        yield ~is_slice_of_study(ReadingRow.scan_id, deleted=query.deleted)
    if query.job_id is not None:
        yield ReadingRow.id.in_(select(JobReading.reading_id).where(JobReading.job_id == query.job_id))
    if query.name:
        yield ReadingRow.name.icontains(clean_text(query.name), autoescape=True)
    if query.read_from is not None:
        yield ReadingRow.read_at >= query.read_from
    if query.read_until is not None:
        yield ReadingRow.read_at < query.read_until


def _to_record(reading: ReadingRow, scan: ScanRow, finding: ReaderFindingRow | None, payload: bool = False) -> Record:
    copied = set(Record.__slots__) & set(ReadingRow.__mapper__.column_attrs.keys()) - {"payload"}
    return Record(
        **{name: getattr(reading, name) for name in copied},
        reading_id=reading.id,
        sha256=scan.sha256,
        series=scan.series,
        has_scan=scan.blob_sha256 is not None,
        comment=finding.comment if finding else "",
        payload=reading.payload if payload else {},
    )


def _format_cursor(query: SearchQuery, record: Record) -> str:
    last = [query.sort, query.descending, getattr(record, query.sort.value), record.reading_id.hex]
    return base64.urlsafe_b64encode(json.dumps(last, default=datetime.isoformat).encode()).decode()


def _parse_cursor(query: SearchQuery) -> tuple[Any, UUID]:
    try:
        sort, descending, value, reading_id = json.loads(base64.urlsafe_b64decode(query.after))
        if (sort, descending) != (query.sort, query.descending):
            raise ValueError
        return _parse_value(query.sort, value), UUID(reading_id)
    except (binascii.Error, ValueError, TypeError, AttributeError):
        raise RecordError("This page of the history cannot be continued. Start again from the first page.") from None


def _parse_value(sort: Sort, value: Any) -> Any:
    if sort is Sort.TIME:
        if (time := datetime.fromisoformat(value)).tzinfo is None:
            raise ValueError
        return time
    return str(value) if sort is Sort.NAME else float(value)
