"""Tables of records: stored files, scans, their readings and the reader's findings."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, TextClause, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from braintumor.db.tables.base import Base, hash_column, new_id, now

# Values of `level`, as in the CSV.
SLICE, STUDY = "slice", "study"
_LIVE: Final = text("deleted_at IS NULL")
_DELETED: Final = text("deleted_at IS NOT NULL")


def _partial_index(name: str, *columns: str, where: TextClause, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


class Blob(Base):
    """A stored file, named after the SHA-256 hash of its content.

    Attributes
    ----------
    removing_at : datetime or None
        When its removal began, which `check --repair` completes after an interruption.
    """

    __tablename__ = "blobs"

    sha256: Mapped[str] = mapped_column(hash_column(), primary_key=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(100), default="application/octet-stream")
    created_at: Mapped[datetime] = mapped_column(default=now)
    removing_at: Mapped[datetime | None] = mapped_column(index=True)


class ScanRow(Base):
    """A slice or picture that a user saved, or a study: a series or volume as a whole, which has no file of its own.

    Attributes
    ----------
    sha256 : str
        Hash of the file that the user gave, as in the CSV; slices of a volume share it and differ in their names.
    blob_sha256 : str or None
        The stored file; None after the retention period, and for results that were saved without their scan.
    series : str
        Groups the slices of one series; empty for single pictures.
    deleted_at : datetime or None
        When the user deleted it; it can be restored until it is purged.
    """

    __tablename__ = "scans"
    __table_args__ = (
        _partial_index("uq_scans_live", "owner_id", "sha256", "name", where=_LIVE, unique=True),
        _partial_index("ix_scans_deleted", "deleted_at", where=_DELETED),
        _partial_index("ix_scans_with_blob", "saved_at", where=text("blob_sha256 IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    sha256: Mapped[str] = mapped_column(hash_column())
    blob_sha256: Mapped[str | None] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    name: Mapped[str] = mapped_column(Text)
    series: Mapped[str] = mapped_column(Text, default="")
    saved_at: Mapped[datetime] = mapped_column(default=now)
    deleted_at: Mapped[datetime | None]


class ReadingRow(Base):
    """The result of one model version for a scan.

    `owner_id`, `name` and `deleted_at` repeat those of the scan, and `opinion` that of the owner's finding, so that a
    search uses one index of one table.

    Attributes
    ----------
    level : str
        `slice` for slices and pictures, or `study`.
    card_sha256 : str
        Hash of the model card.
    result : str
        Class with the highest probability, or `tumor` and `notumor` for binary models.
    uncertainty : float
        From 0 (tumour probability 0 or 1) to 1 (tumour probability 0.5).
    payload : dict
        Everything else of the result, as JSON.
    """

    __tablename__ = "readings"
    __table_args__ = (
        UniqueConstraint("scan_id", "version", "card_sha256"),
        *(
            # With the name at the end, a search by part of the name reads only the index.
            _partial_index(f"ix_readings_{column}", "owner_id", column, "id", "name", where=_LIVE)
            for column in ("read_at", "tumor_probability", "uncertainty")
        ),
        _partial_index("ix_readings_name", "owner_id", "name", "id", where=_LIVE),
        *(
            _partial_index(f"ix_readings_{column}", "owner_id", column, "read_at", "id", where=_LIVE)
            for column in ("verdict", "version", "opinion")
        ),
        _partial_index("ix_readings_deleted", "owner_id", "deleted_at", where=_DELETED),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    scan_id: Mapped[UUID] = mapped_column(ForeignKey("scans.id", ondelete="CASCADE"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(String(100))
    card_sha256: Mapped[str] = mapped_column(hash_column())
    level: Mapped[str] = mapped_column(String(10), default=SLICE)
    verdict: Mapped[str] = mapped_column(String(40))
    result: Mapped[str] = mapped_column(String(40))
    tumor_probability: Mapped[float]
    uncertainty: Mapped[float]
    probabilities: Mapped[dict[str, Any]]
    ood_score: Mapped[float | None]
    area_pixels: Mapped[int | None]
    area_mm2: Mapped[float | None]
    diameter_mm: Mapped[float | None]
    payload: Mapped[dict[str, Any]]
    opinion: Mapped[str] = mapped_column(String(20), default="")
    read_at: Mapped[datetime]
    saved_at: Mapped[datetime] = mapped_column(default=now)
    deleted_at: Mapped[datetime | None]


class StudySliceRow(Base):
    """A slice of a study; `position` is its index among the slices that the verdict on the study was made of."""

    __tablename__ = "study_slices"

    study_id: Mapped[UUID] = mapped_column(ForeignKey("scans.id", ondelete="CASCADE"), primary_key=True)
    scan_id: Mapped[UUID] = mapped_column(ForeignKey("scans.id", ondelete="CASCADE"), primary_key=True, index=True)
    position: Mapped[int]


class ReaderFindingRow(Base):
    """A reader's own finding on a reading: agreement or another class, and a comment."""

    __tablename__ = "reader_findings"
    __table_args__ = (UniqueConstraint("reading_id", "reader_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    reading_id: Mapped[UUID] = mapped_column(ForeignKey("readings.id", ondelete="CASCADE"))
    reader_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    opinion: Mapped[str] = mapped_column(String(20), default="")
    comment: Mapped[str] = mapped_column(Text, default="")
    entered_at: Mapped[datetime] = mapped_column(default=now)
