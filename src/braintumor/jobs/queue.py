"""Wakes up workers when a job waits.

Messages of Huey carry the id of a job, signed. They may be lost or come twice: which jobs wait is in the table `jobs`,
at which workers also look from time to time.
"""

import contextlib
import hashlib
import hmac
import logging
import os
import threading
import time
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from huey.serializer import SignedSerializer
from huey.storage import PostgresStorage, SqliteStorage

from braintumor.db.audit_key import load_audit_key
from braintumor.db.storage import Storage

_LOGGER: Final = logging.getLogger(__name__)
_NAME: Final = "braintumor"
_FILE: Final = "queue.sqlite"
_POLL_SECONDS: Final = 0.5


class JobQueue:
    """The queue next to a database: a second SQLite file, or tables in the same PostgreSQL database.

    Parameters
    ----------
    storage : Storage
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._sent = threading.Event()  # wakes the worker of this process without delay
        key = hmac.new(load_audit_key(storage.settings, storage.database), b"job queue", hashlib.sha256).hexdigest()
        self._serializer = SignedSerializer(secret=key, salt=_NAME)

    def notify(self, job_id: UUID) -> None:
        """Tell the workers of a new job. A failure only means that they see it a little later."""
        self._sent.set()
        try:
            self._queue.enqueue(self._serializer.serialize(job_id.hex))
        except Exception:  # each kind of storage has exceptions of its own
            _LOGGER.warning("The job queue cannot be written", exc_info=True)

    def wait(self, seconds: float) -> None:
        """Return when a job was announced, and after this time at the latest."""
        deadline = time.monotonic() + seconds
        while (remaining := deadline - time.monotonic()) > 0 and not self._receive():
            if self._sent.wait(min(_POLL_SECONDS, remaining)):
                self._sent.clear()
                return

    def _receive(self) -> bool:
        try:
            message = self._queue.dequeue()
            return message is not None and bool(UUID(self._serializer.deserialize(message)))
        except Exception:  # a forged message is dropped; polling replaces a queue that cannot be read
            _LOGGER.warning("The job queue cannot be read", exc_info=True)
            return False

    @cached_property
    def _queue(self) -> Any:
        database = self._storage.database
        if not database.is_sqlite:
            address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
            return PostgresStorage(_NAME, dsn=address)
        path = database.file.with_name(_FILE)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        return SqliteStorage(_NAME, filename=str(path))
