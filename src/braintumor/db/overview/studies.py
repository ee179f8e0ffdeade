"""The stored slices of a study."""

from uuid import UUID

from sqlalchemy import select

from braintumor.db.records import require_scan
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import ScanRow, StudySliceRow


def list_slices(storage: Storage, actor: Actor, study_id: UUID) -> dict[int, UUID]:
    """Return the ids of the slices of a study that are not deleted, by their positions, in order; empty for a slice.

    Raises
    ------
    RecordError
        The user has no such scan.
    """
    of_study = StudySliceRow.study_id == study_id, ScanRow.deleted_at.is_(None)
    columns = select(StudySliceRow.position, ScanRow.id).join(ScanRow, ScanRow.id == StudySliceRow.scan_id)
    with storage.database.read() as session:
        require_scan(session, actor, study_id)
        return dict(session.execute(columns.where(*of_study).order_by(StudySliceRow.position)).all())
