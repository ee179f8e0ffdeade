"""Limit on what one user does at the same time."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException


class ConcurrencyLimit:
    """Number of requests that one user may have in progress.

    Parameters
    ----------
    most : int
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._active: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, user: str) -> Iterator[None]:
        """Count a request of the user until the context ends.

        Raises
        ------
        HTTPException
            The user has that many already (429).
        """
        with self._lock:
            if self._active[user] >= self._most:
                text = f"You have {self._most} requests of this kind at the same time. Wait for one to end."
                raise HTTPException(429, text, {"Retry-After": "5"})
            self._active[user] += 1
        try:
            yield
        finally:
            with self._lock:
                self._active[user] -= 1
                if not self._active[user]:
                    del self._active[user]
