"""All tables: accounts, records, background jobs, audit log."""

from braintumor.db.tables.accounts import ApiToken, Identity, LoginSession, OneTimeLink, User
from braintumor.db.tables.base import Base, new_id
from braintumor.db.tables.jobs import Job, JobItem, JobReading
from braintumor.db.tables.log import AuditEntry, Meta
from braintumor.db.tables.records import Blob, ReaderFindingRow, ReadingRow, ScanRow, StudySliceRow
from braintumor.db.tables.requests import IdempotencyKey
from braintumor.db.tables.states import JobState, LinkPurpose, UserRole, UserState

__all__ = [
    "ApiToken",
    "AuditEntry",
    "Base",
    "Blob",
    "IdempotencyKey",
    "Identity",
    "Job",
    "JobItem",
    "JobReading",
    "JobState",
    "LinkPurpose",
    "LoginSession",
    "Meta",
    "OneTimeLink",
    "ReaderFindingRow",
    "ReadingRow",
    "ScanRow",
    "StudySliceRow",
    "User",
    "UserRole",
    "UserState",
    "new_id",
]
