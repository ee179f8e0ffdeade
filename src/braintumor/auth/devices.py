"""Known browsers: where a user logged in before, attempts are counted apart from those of the network address.

Otherwise somebody behind the same address as the user could use up the attempts of both.
"""

import hashlib
import hmac
from typing import Final
from uuid import UUID

from braintumor.auth.secret_tokens import new_token
from braintumor.auth.sessions import find_visitor
from braintumor.db.storage import Storage
from braintumor.db.tables import User

DEVICE_DAYS: Final = 90


def remember_browser(storage: Storage, session_token: str) -> str:
    """Return what the browser of a session keeps as proof that its user logged in there; empty without a password.

    It opens nothing. It ends when the password changes, which it is signed with.
    """
    visitor = find_visitor(storage, session_token)
    with storage.database.read() as session:
        user = session.get(User, visitor.user_id) if visitor else None
    if user is None or user.password_hash is None:
        return ""
    number = new_token()
    return f"{number}.{_sign(user.id, user.password_hash, number)}"


def find_place(user: User | None, address: str, device: str) -> str:
    """Return where the attempts of a login are counted: the known browser, or the network address."""
    number, _, seal = device.partition(".")
    password_hash = (user.password_hash if user else None) or ""  # the same work whether the user exists or not
    is_known = hmac.compare_digest(seal.encode(), _sign(user.id if user else None, password_hash, number).encode())
    return f"browser {number}" if is_known and password_hash else address


def _sign(user_id: UUID | None, password_hash: str, number: str) -> str:
    key = hashlib.sha256(password_hash.encode()).digest()
    return hmac.new(key, f"{user_id}.{number}".encode(), hashlib.sha256).hexdigest()
