"""Key of the audit log: a setting, or a file in the data folder that only this user may read."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from braintumor.db.engine import Database
from braintumor.db.tables import Meta
from braintumor.errors import StorageError
from braintumor.settings import Settings

KEY_FILE: Final = "audit.key"
_META_KEY: Final = "audit_key_check"
_MIN_LENGTH: Final = 32


def load_audit_key(settings: Settings, database: Database) -> bytes:
    """Return the key; the first use creates it.

    The database holds a check value of the key, from which it cannot be computed, so that a log is never continued with
    another key.

    Raises
    ------
    StorageError
        The key is too short, missing, or not the one that the log was begun with.
    """
    with database.read() as session:
        row = session.get(Meta, _META_KEY)
        check_value = row.value if row else None
    if check_value is None:
        return _begin(settings, database)
    key = _read_key(settings)
    if key is None or not hmac.compare_digest(_check_value(key), check_value):
        where = "BRAINTUMOR_AUDIT_KEY" if settings.audit_key else f"the file {settings.data_dir / KEY_FILE}"
        state = "is missing" if key is None else "is not the one with which the log was started"
        raise StorageError(
            f"The key of the audit log {state}. Restore {where} from a backup; on several hosts, set "
            "BRAINTUMOR_AUDIT_KEY to the same value."
        )
    return key


def _begin(settings: Settings, database: Database) -> bytes:
    """Create the key and note its check value; of processes that start together, the first one does."""
    with database.write() as session:
        row = session.get(Meta, _META_KEY)
        if row is None:
            key = _read_key(settings)
            if key is None:
                key = secrets.token_hex(_MIN_LENGTH).encode()
                write_key(settings.data_dir / KEY_FILE, key)
            session.add(Meta(key=_META_KEY, value=_check_value(key)))
            return key
    return load_audit_key(settings, database)


def _read_key(settings: Settings) -> bytes | None:
    if settings.audit_key is not None:
        text = settings.audit_key.get_secret_value()
        if len(text) < _MIN_LENGTH:
            raise StorageError("BRAINTUMOR_AUDIT_KEY is too short. Make one with: openssl rand -base64 32")
        return text.encode()
    path = settings.data_dir / KEY_FILE
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"Cannot read {path}: {error.strerror}. Check its permissions.") from None
    return key if len(key) >= _MIN_LENGTH else None


def write_key(path: Path, key: bytes) -> None:
    """Write a key file that only this user may read, and sync it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # an incomplete one of an interrupted start
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())


def _check_value(key: bytes) -> str:
    return hmac.new(key, b"braintumor audit key", hashlib.sha256).hexdigest()[:32]
