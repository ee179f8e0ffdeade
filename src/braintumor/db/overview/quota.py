"""Limit on what one user may store."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import Blob, Job, JobItem, ScanRow
from braintumor.errors import RecordError


def require_space(session: Session, storage: Storage, actor: Actor, contents: Sequence[bytes]) -> None:
    """Check in a transaction that a user may store files, where the settings limit it; what is stored already is free.

    Raises
    ------
    RecordError
        The files of the user, with the new ones, would be larger than `user_bytes` of the settings.
    """
    limit = storage.settings.user_bytes
    if not limit or not contents:
        return
    scans = select(ScanRow.blob_sha256).where(ScanRow.owner_id == actor.id)
    waiting = select(JobItem.blob_sha256).join(Job, Job.id == JobItem.job_id).where(Job.owner_id == actor.id)
    own = union(scans, waiting).subquery()
    added = {hashlib.sha256(content).hexdigest(): len(content) for content in contents}
    for sha256 in session.scalars(select(own.c.blob_sha256).where(own.c.blob_sha256.in_(added))):
        added.pop(sha256, None)
    total = select(func.coalesce(func.sum(Blob.bytes), 0)).where(Blob.sha256.in_(select(own.c.blob_sha256)))
    if added and (session.scalar(total) or 0) + sum(added.values()) > limit:
        raise RecordError(
            f"Your storage limit is {limit / 2**20:,.0f} MB, and these scans would exceed it. Delete scans for good on "
            "the History page."
        )
