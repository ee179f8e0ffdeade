"""What all routes share: settings, storage, limits on attempts, single sign-on."""

import threading
from typing import Annotated

from fastapi import Depends, Request

from braintumor.auth.oidc import Provider, has_single_sign_on
from braintumor.auth.sessions import Browser, Visitor, device_cookie_name, find_visitor, session_cookie_name
from braintumor.auth.throttle import Throttle
from braintumor.db.storage import Storage, open_storage
from braintumor.settings import Settings


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
        self._storage: Storage | None = None
        self._lock = threading.Lock()

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

    def find_visitor(self, cookies: dict[str, str]) -> Visitor | None:
        """Return the logged-in user of a request; None without a valid session. Reads the database."""
        token = cookies.get(session_cookie_name(self.settings))
        return find_visitor(self.storage, token) if token else None

    def close(self) -> None:
        """Close the storage."""
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
