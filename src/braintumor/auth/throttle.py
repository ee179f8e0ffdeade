"""Limits on guessing: a growing delay for each pair of network address and account.

An attacker's failures delay only the attacker's own pair, so they never lock the owner out, who comes from another
address. Many failures on one account or from one address only take away the free attempts of others, never an attempt.
The counts are in memory: one web process handles logins, and a restart forgives.
"""

import hashlib
import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from braintumor.errors import AccountError

FREE_ATTEMPTS: Final = 5
_MAX_DELAY: Final = 900.0
_FORGET_SECONDS: Final = 3_600.0
_SUSPICIOUS_FAILURES: Final = 50
_MAX_ENTRIES: Final = 100_000


class TooManyAttemptsError(AccountError):
    """An attempt that came too early. `seconds` is how long to wait."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, round(seconds))
        wait = f"{self.seconds} seconds" if self.seconds < 120 else f"{round(self.seconds / 60)} minutes"
        super().__init__(f"Too many attempts. Wait {wait} and try again.")


@dataclass(slots=True)
class _Count:
    failures: int = 0
    last: float = 0.0


class Throttle:
    """Counts attempts in memory.

    Parameters
    ----------
    clock : callable
        Returns seconds; tests give their own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: OrderedDict[str, _Count] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, address: str, account: str) -> None:
        """Count an attempt as failed until `succeed` is called, so that attempts at the same time count as well.

        Raises
        ------
        TooManyAttemptsError
            The pair has to wait. The attempt is not counted.
        """
        pair, *totals = _keys(address, account)
        with self._lock:
            busy = any(self._get(key).failures >= _SUSPICIOUS_FAILURES for key in totals)
            count = self._get(pair)
            over = count.failures - (1 if busy else FREE_ATTEMPTS)
            if over >= 0:
                wait = count.last + min(2.0 ** min(over, 10), _MAX_DELAY) - self._clock()
                if wait > 0:
                    raise TooManyAttemptsError(wait)
            for key in (pair, *totals):
                self._add(key, 1)

    def succeed(self, address: str, account: str) -> None:
        """Forget the failures of the pair, and the attempt that turned out to be right."""
        pair, *totals = _keys(address, account)
        with self._lock:
            self._counts.pop(pair, None)
            for key in totals:
                self._add(key, -1)

    def limit(self, address: str, action: str, most: int) -> None:
        """Count something that an address may do a number of times in an hour, such as registering.

        Raises
        ------
        TooManyAttemptsError
            It did so that often already.
        """
        key = _key(action, _network(address))
        with self._lock:
            count = self._get(key)
            if count.failures >= most:
                raise TooManyAttemptsError(count.last + _FORGET_SECONDS - self._clock())
            self._add(key, 1)

    def _get(self, key: str) -> _Count:
        count = self._counts.get(key)
        return count if count and self._clock() - count.last < _FORGET_SECONDS else _Count()

    def _add(self, key: str, change: int) -> None:
        count = self._get(key)
        self._counts[key] = _Count(max(0, count.failures + change), self._clock())
        self._counts.move_to_end(key)
        while len(self._counts) > _MAX_ENTRIES:
            self._counts.popitem(last=False)


def _keys(address: str, account: str) -> tuple[str, str, str]:
    network, name = _network(address), account.strip().casefold()
    return _key("pair", network, name), _key("address", network), _key("account", name)


def _key(*parts: str) -> str:
    """Return a key of fixed length that holds no address in readable form."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _network(address: str) -> str:
    """Return the address, or for IPv6 its network: one customer has a whole /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address
