"""Whether history is kept while accounts are off: only once the user has switched it on."""

from typing import Final

from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import Meta
from braintumor.settings import Settings

_KEY: Final = "history"
_ON, _OFF = "on", "off"


def has_storage(settings: Settings) -> bool:
    """Whether anything may be stored yet; see `Settings.has_storage`."""
    return settings.has_storage


def is_history_on(storage: Storage) -> bool:
    """Whether readings are saved while accounts are off; not by default."""
    with storage.database.read() as session:
        row = session.get(Meta, _KEY)
        return row is not None and row.value == _ON


def switch_history(storage: Storage, actor: Actor, *, on: bool) -> None:
    """Switch history on or off. What was saved stays; `erase_user_data` deletes it."""
    with storage.database.write() as session:
        session.merge(Meta(key=_KEY, value=_ON if on else _OFF))
        storage.audit.append(session, actor.id, f"history.{_ON if on else _OFF}", f"user:{actor.id}")
