"""Roles and states that are stored as text."""

from enum import StrEnum


class UserRole(StrEnum):
    """What a user may do. Administrators manage users and see statistics, but never the scans of others."""

    READER = "reader"
    ADMINISTRATOR = "administrator"


class UserState(StrEnum):
    """Whether a user can log in. `local` is the owner of the history while accounts are off, and never logs in."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"
    LOCAL = "local"


class LinkPurpose(StrEnum):
    """What a one-time link is for."""

    SETUP = "setup"
    INVITATION = "invitation"
    PASSWORD_RESET = "password reset"


class JobState(StrEnum):
    """State of a background job or of one of its items. `receiving`: its files are still being uploaded."""

    RECEIVING = "receiving"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
