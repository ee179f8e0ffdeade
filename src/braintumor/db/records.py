"""Saved readings: each function acts for a user, who sees only what is their own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from braintumor.db.blob_rows import insert, store_blob
from braintumor.db.overview.quota import require_space
from braintumor.db.storage import Actor, Storage
from braintumor.db.studies import link_slices
from braintumor.db.tables import Blob, ReaderFindingRow, ReadingRow, ScanRow, new_id
from braintumor.db.tables.base import now
from braintumor.db.tables.records import SLICE
from braintumor.enums import CLASS_NAMES
from braintumor.errors import NotFoundError, RecordError

_OPINIONS: Final = ("", "agree", *CLASS_NAMES)
_MAX_NAME, _MAX_COMMENT = 500, 10_000
# The same for what does not exist and for what belongs to others, so that ids cannot be probed.
_NOT_FOUND: Final = "There is no such record, or it belongs to another user. Open the History page to see your records."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReading:
    """A result to save.

    Attributes
    ----------
    name, sha256 : str
        Name of the slice, and hash of the file the user gave.
    content : bytes or None
        What to store, from which the scan can be shown and read again; None stores only the result.
    version, card_sha256 : str
        Model version, and hash of its card.
    verdict, result : str
        As in the CSV.
    tumor_probability : float
    probabilities : dict of str to float
        By class.
    payload : dict
        Everything else of the result, as JSON.
    read_at : datetime
        When the scan was read; timezone-aware.
    level : str
        `slice`, or `study` for a whole series or volume.
    slices : sequence of UUID or None
        Ids of the stored slices of a study, in order; None for one that is not stored.
    """

    name: str
    sha256: str
    version: str
    card_sha256: str
    verdict: str
    result: str
    tumor_probability: float
    probabilities: dict[str, float]
    read_at: datetime
    content: bytes | None = field(default=None, repr=False)
    media_type: str = "application/octet-stream"
    series: str = ""
    ood_score: float | None = None
    area_pixels: int | None = None
    area_mm2: float | None = None
    diameter_mm: float | None = None
    payload: dict[str, Any] = field(default_factory=dict, repr=False)
    level: str = SLICE
    slices: Sequence[UUID | None] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class SavedReading:
    """Ids of a saved reading, and whether it is new."""

    scan_id: UUID
    reading_id: UUID
    is_new: bool


@dataclass(frozen=True, slots=True)
class StoredScan:
    """A scan as it was stored."""

    id: UUID
    name: str
    media_type: str
    content: bytes = field(repr=False)


def save_readings(storage: Storage, actor: Actor, readings: Sequence[NewReading]) -> list[SavedReading]:
    """Save results, all or none. When this returns, they are safe from a crash.

    Saving the same scan, version and card again changes nothing and returns the first reading; another version or card
    adds a reading to the scan.

    Raises
    ------
    RecordError
        The user would store more than is allowed.
    StorageError
        The database or the store of scans cannot be written.
    """
    with storage.database.write() as session:
        require_space(session, storage, actor, [reading.content for reading in readings if reading.content])
        scan_ids = {
            index: _save_scan(session, storage, actor, readings[index])
            # In one order everywhere, so that two writers never wait for each other.
            for index in sorted(range(len(readings)), key=lambda index: readings[index].sha256)
        }
        saved = [_save_reading(session, actor, scan_ids[index], reading) for index, reading in enumerate(readings)]
        for result, reading in zip(saved, readings, strict=True):
            link_slices(session, actor.id, result.scan_id, reading.slices)
            if result.is_new:
                what = f"reading:{result.reading_id}"
                storage.audit.append(session, actor.id, "reading.saved", what, version=reading.version)
    return saved


def read_stored_scan(storage: Storage, actor: Actor, scan_id: UUID) -> StoredScan:
    """Return a stored scan, and note in the audit log that the user saw it.

    Raises
    ------
    RecordError
        The user has no such scan, or only its results are kept.
    StorageError
        The stored file is missing or damaged.
    """
    with storage.database.write() as session:
        scan = require_scan(session, actor, scan_id)
        if scan.blob_sha256 is None:
            raise NotFoundError(
                f"The scan {scan.name} is no longer stored, only its results. Upload it again to see it."
            )
        media_type = session.get_one(Blob, scan.blob_sha256).media_type
        storage.audit.append(session, actor.id, "scan.seen", f"scan:{scan_id}")
    return StoredScan(scan_id, scan.name, media_type, storage.blobs.get(scan.blob_sha256))


def save_finding(storage: Storage, actor: Actor, reading_id: UUID, opinion: str, comment: str) -> None:
    """Save the user's finding on a reading, or delete it if both are empty.

    Parameters
    ----------
    opinion : str
        `agree`, a class, or empty.
    comment : str
        At most 10,000 characters.

    Raises
    ------
    RecordError
        The user has no such reading, or the opinion or comment is not allowed.
    """
    comment = clean_text(comment).strip()
    if opinion not in _OPINIONS:
        raise RecordError(f"{opinion!r} is not a valid finding. Use agree or one of {', '.join(CLASS_NAMES)}.")
    if len(comment) > _MAX_COMMENT:
        raise RecordError(f"The comment has {len(comment):,} characters. Shorten it to {_MAX_COMMENT:,}.")
    with storage.database.write() as session:
        require_reading(session, actor, reading_id).opinion = opinion
        own = (ReaderFindingRow.reading_id == reading_id, ReaderFindingRow.reader_id == actor.id)
        if opinion or comment:
            changed = {"opinion": opinion, "comment": comment, "entered_at": now()}
            values = {"reading_id": reading_id, "reader_id": actor.id, **changed}
            statement = insert(session, ReaderFindingRow).values(**values)
            keys = ["reading_id", "reader_id"]
            session.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed))
        else:
            session.execute(delete(ReaderFindingRow).where(*own))
        action = "finding.saved" if opinion or comment else "finding.deleted"
        storage.audit.append(session, actor.id, action, f"reading:{reading_id}")


def require_scan(session: Session, actor: Actor, scan_id: UUID) -> ScanRow:
    """Return a scan of the user that is not deleted; raise `RecordError` if there is none."""
    mine = (ScanRow.id == scan_id, ScanRow.owner_id == actor.id, ScanRow.deleted_at.is_(None))
    scan = session.scalar(select(ScanRow).where(*mine))
    if scan is None:
        raise NotFoundError(_NOT_FOUND)
    return scan


def require_reading(session: Session, actor: Actor, reading_id: UUID) -> ReadingRow:
    """Return a reading of the user that is not deleted; raise `RecordError` if there is none."""
    mine = (ReadingRow.id == reading_id, ReadingRow.owner_id == actor.id, ReadingRow.deleted_at.is_(None))
    reading = session.scalar(select(ReadingRow).where(*mine))
    if reading is None:
        raise NotFoundError(_NOT_FOUND)
    return reading


def require_scans(session: Session, actor: Actor, scan_ids: Iterable[UUID], *, deleted: bool) -> list[ScanRow]:
    """Return scans of the user, all of them deleted or all not; raise `RecordError` if one is not."""
    ids = sorted(set(scan_ids))
    state = ScanRow.deleted_at.is_not(None) if deleted else ScanRow.deleted_at.is_(None)
    scans: list[ScanRow] = []
    for start in range(0, len(ids), 500):  # databases limit the values of one statement
        chosen = ScanRow.id.in_(ids[start : start + 500]), ScanRow.owner_id == actor.id, state
        scans += session.scalars(select(ScanRow).where(*chosen).order_by(ScanRow.id).with_for_update())
    if len(scans) != len(ids):
        raise NotFoundError(_NOT_FOUND)
    return scans


def clean_text(text: str) -> str:
    """Replace what databases do not store: null characters and invalid UTF-8."""
    return text.encode("utf-8", "replace").decode().replace("\0", " ")


def _save_scan(session: Session, storage: Storage, actor: Actor, new: NewReading) -> UUID:
    """Return the id of the user's scan with this file and name, which is added if there is none."""
    values = {
        "id": new_id(),
        "owner_id": actor.id,
        "sha256": new.sha256,
        "name": clean_text(new.name)[:_MAX_NAME],
        "series": clean_text(new.series),
    }
    session.execute(insert(session, ScanRow).values(**values).on_conflict_do_nothing())
    same = (ScanRow.owner_id == actor.id, ScanRow.sha256 == new.sha256, ScanRow.name == values["name"])
    scan = session.scalars(select(ScanRow).where(*same, ScanRow.deleted_at.is_(None)).with_for_update()).one()
    if new.content is not None and scan.blob_sha256 is None:
        scan.blob_sha256 = store_blob(session, storage.blobs, new.content, new.media_type)
        session.flush()
    return scan.id


def _save_reading(session: Session, actor: Actor, scan_id: UUID, new: NewReading) -> SavedReading:
    copied = ("version", "card_sha256", "level", "verdict", "result", "tumor_probability", "ood_score", "area_pixels")
    values = {name: getattr(new, name) for name in (*copied, "area_mm2", "diameter_mm", "payload", "read_at")}
    values |= {
        "id": new_id(),
        "scan_id": scan_id,
        "owner_id": actor.id,
        "name": clean_text(new.name)[:_MAX_NAME],
        "probabilities": dict(new.probabilities),
        "uncertainty": 1 - abs(2 * new.tumor_probability - 1),
    }
    session.execute(insert(session, ReadingRow).values(**values).on_conflict_do_nothing())
    same = (ReadingRow.scan_id == scan_id, ReadingRow.version == new.version)
    reading_id = session.scalars(select(ReadingRow.id).where(*same, ReadingRow.card_sha256 == new.card_sha256)).one()
    return SavedReading(scan_id, reading_id, is_new=reading_id == values["id"])
