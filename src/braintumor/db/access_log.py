"""Entries of the audit log for what users only look at, read without storing, or take away."""

from braintumor.db.audit import Detail
from braintumor.db.storage import Actor, Storage


def log_access(storage: Storage, actor: Actor | None, action: str, what: str = "", /, **details: Detail) -> None:
    """Write an access to the audit log.

    Parameters
    ----------
    storage : Storage
    actor : Actor or None
        None on the command line.
    action : str
        Such as `history.listed`.
    what : str
        Kind and id of the object, such as `reading:0190...`; empty for something of the acting user.
    **details
        Numbers, ids and versions.
    """
    actor_id = actor.id if actor else None
    with storage.database.write() as session:
        storage.audit.append(session, actor_id, action, what or f"user:{actor_id or 'operator'}", **details)
