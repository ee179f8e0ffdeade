"""Delete an account with all its data."""

from uuid import UUID

from sqlalchemy import delete

from braintumor.auth.users import end_access, require_administrator, require_other_administrator
from braintumor.db.deletion import erase_user_data, purge
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import User, UserState
from braintumor.errors import AccountError


def delete_user(storage: Storage, actor: Actor, user_id: UUID) -> None:
    """Delete an account with all its scans, readings, findings, jobs, sessions and tokens, for good.

    It may be interrupted and called again. The entries of the audit log remain, with the id and without a name.

    Raises
    ------
    AccountError
        It is the last administrator, or the acting user is neither this user nor an administrator.
    """
    if actor.id != user_id:
        require_administrator(actor)
    with storage.database.write() as session:
        user = session.get(User, user_id)
        if user is None:
            raise AccountError("This account no longer exists. Reload the page.")
        require_other_administrator(session, user)
        user.state = UserState.DISABLED  # nothing is saved for it from here on
        end_access(session, user_id)
    erase_user_data(storage, actor, user_id)
    with storage.database.write() as session:
        session.execute(delete(User).where(User.id == user_id))
        storage.audit.append(session, actor.id, "user.deleted", f"user:{user_id}")
    purge(storage)  # overwrites what SQLite's journal still holds
