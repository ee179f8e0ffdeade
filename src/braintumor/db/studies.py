"""Slices of a study: stored with its verdict, and deleted and restored with it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from braintumor.db.blob_rows import insert
from braintumor.db.tables import ScanRow, StudySliceRow


def link_slices(session: Session, owner_id: UUID, study_id: UUID, slices: Sequence[UUID | None]) -> None:
    """Store in a transaction which scans are the slices of a study; those deleted meanwhile are left out."""
    for position, scan_id in enumerate(slices):
        # Locked, so that it is not removed before this transaction ends.
        own = select(ScanRow.id).where(ScanRow.id == scan_id, ScanRow.owner_id == owner_id)
        if scan_id is None or session.scalar(own.with_for_update(read=True, key_share=True)) is None:
            continue
        values = {"study_id": study_id, "scan_id": scan_id, "position": position}
        session.execute(insert(session, StudySliceRow).values(**values).on_conflict_do_nothing())


def is_slice_of_study(scan_id: InstrumentedAttribute[UUID], *, deleted: bool) -> ColumnElement[bool]:
    """Return the condition that a scan is a slice of a study, which is deleted or not."""
    study = aliased(ScanRow)
    state = study.deleted_at.is_not(None) if deleted else study.deleted_at.is_(None)
    return exists().where(StudySliceRow.scan_id == scan_id, StudySliceRow.study_id == study.id, state)


def find_slices(session: Session, scans: Sequence[ScanRow]) -> list[ScanRow]:
    """Return the slices of the studies among some scans, locked, that are in the same state as their study.

    Slices that also belong to another study, which is not among the scans and not deleted, are left out.
    """
    slices: dict[UUID, ScanRow] = {}
    other = aliased(ScanRow)
    ids = {scan.id for scan in scans}
    for study_id in sorted(ids):
        study = session.get_one(ScanRow, study_id)
        member = StudySliceRow.scan_id == ScanRow.id
        shared = exists().where(
            member, StudySliceRow.study_id == other.id, other.id.not_in(ids), other.deleted_at.is_(None)
        )
        deleted = ScanRow.deleted_at.is_(None) if study.deleted_at is None else ScanRow.deleted_at == study.deleted_at
        of_study = exists().where(member, StudySliceRow.study_id == study_id)
        rows = session.scalars(select(ScanRow).where(of_study, deleted, ~shared).order_by(ScanRow.id).with_for_update())
        slices |= {row.id: row for row in rows if row.id not in ids}
    return list(slices.values())
