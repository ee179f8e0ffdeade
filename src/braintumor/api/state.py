"""What all routes share: settings, storage, limits on attempts, single sign-on."""

import threading
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Depends, Request

from braintumor.api.metrics import Metrics
from braintumor.api.transfer.concurrency import ConcurrencyLimit
from braintumor.auth.oidc import Provider, has_single_sign_on
from braintumor.auth.sessions import Browser, Visitor, device_cookie_name, find_visitor, session_cookie_name
from braintumor.auth.throttle import Throttle
from braintumor.db.history import has_storage
from braintumor.db.storage import Actor, Storage, local_actor, open_storage
from braintumor.errors import StorageError
from braintumor.inference.detector_pool import DetectorPool
from braintumor.settings import Settings

if TYPE_CHECKING:
    from braintumor.jobs.queue import JobQueue
    from braintumor.jobs.worker import Worker

_MAX_UPLOADS: Final = 4  # of one user at the same time
_MAX_STREAMS: Final = 8
_WATCH_SECONDS: Final = 30.0


class ServerState:
    """State of one server process, in `app.state.server`.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.throttle = Throttle()
        self.provider = Provider(settings) if has_single_sign_on(settings) else None
        self.metrics = Metrics()
        self.detectors = DetectorPool(settings)
        self.uploads, self.streams = ConcurrencyLimit(_MAX_UPLOADS), ConcurrencyLimit(_MAX_STREAMS)
        self._storage: Storage | None = None
        self._queue: JobQueue | None = None
        self._worker: Worker | None = None
        self._lock = threading.Lock()
        self._closed = threading.Event()

    @property
    def storage(self) -> Storage:
        """The storage, opened on first use.

        Raises
        ------
        StorageError
            It cannot be opened.
        """
        with self._lock:
            if self._storage is None:
                self._storage = open_storage(self.settings)
            return self._storage

    @cached_property
    def local_actor(self) -> Actor:
        """The owner of the history while accounts are off."""
        return local_actor(self.storage)

    @property
    def queue(self) -> "JobQueue":
        """The queue of background jobs. On first use, the worker of this process starts, if the settings say so."""
        storage = self.storage
        with self._lock:
            if self._queue is None:
                from braintumor.jobs.queue import JobQueue
                from braintumor.jobs.worker import Worker

                self._queue = JobQueue(storage)
                if self.settings.worker_thread:
                    self._worker = Worker(storage, self.detectors, self._queue)
                    self._worker.start()
            return self._queue

    def start(self) -> None:
        """Start the worker of this process, if the settings say so, as soon as anything is stored on this server.

        It continues interrupted jobs, and removes what is to be deleted.
        """
        if not self.settings.worker_thread:
            return
        if has_storage(self.settings):
            _ = self.queue
        else:
            threading.Thread(target=self._wait_for_storage, name="storage-watch", daemon=True).start()

    def _wait_for_storage(self) -> None:
        """Start the worker when a history was switched on on a page, which creates the storage."""
        while not self._closed.wait(_WATCH_SECONDS):
            with suppress(StorageError):  # it may be about to be created
                if has_storage(self.settings):
                    _ = self.queue
                    return

    def find_visitor(self, cookies: dict[str, str]) -> Visitor | None:
        """Return the logged-in user of a request; None without a valid session. Reads the database."""
        token = cookies.get(session_cookie_name(self.settings))
        return find_visitor(self.storage, token) if token else None

    def close(self) -> None:
        """Stop the worker and close the storage."""
        self._closed.set()
        if self._worker is not None:
            self._worker.stop()
        if self._storage is not None:
            self._storage.close()


def get_state(request: Request) -> ServerState:
    """Return the state of the server."""
    state: ServerState = request.app.state.server
    return state


def get_browser(request: Request) -> Browser:
    """Return where a request comes from. Behind a proxy, uvicorn takes the address from its header if it is trusted."""
    address = request.client.host if request.client else ""
    device = request.cookies.get(device_cookie_name(get_state(request).settings), "")
    return Browser(address, request.headers.get("user-agent", ""), device)


State = Annotated[ServerState, Depends(get_state)]
CurrentBrowser = Annotated[Browser, Depends(get_browser)]
