"""Limit on what one user does at the same time."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException


class Slots:
    """A number of slots for each user.

    Parameters
    ----------
    most : int
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def take(self, user: str) -> Iterator[None]:
        """Hold a slot.

        Raises
        ------
        HTTPException
            All slots of the user are taken (429).
        """
        with self._lock:
            if self._taken[user] >= self._most:
                text = f"You have {self._most} requests of this kind at the same time. Wait for one to end."
                raise HTTPException(429, text, {"Retry-After": "5"})
            self._taken[user] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[user] -= 1
                if not self._taken[user]:
                    del self._taken[user]
