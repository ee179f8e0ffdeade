"""Garbage collection of a server: Streamlit collects after every run of a page, which must not visit every object."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# Seconds between two complete collections.
INTERVAL: Final = 10.0


@contextmanager
def freeze_old_objects(interval: float = INTERVAL) -> Iterator[None]:
    """Leave objects older than the interval out of all collections but one per interval.

    A complete collection visits modules, caches and the sessions of all visitors, and stops every thread for a quarter
    of a second. Nothing is collected on an idle server.
    """
    is_over = threading.Event()
    thread = threading.Thread(target=_collect_regularly, args=(is_over, interval), name="garbage", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        gc.unfreeze()


def _collect_regularly(is_over: threading.Event, interval: float) -> None:
    done = -1
    while not is_over.wait(interval):
        if _count_complete() == done:
            continue
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        done = _count_complete()


def _count_complete() -> int:
    """Return the number of complete collections so far."""
    return gc.get_stats()[2]["collections"]
