"""Old objects are left out of collections, and still freed once they are garbage."""

import gc
import threading
import time
import weakref
from typing import Any

import pytest

from braintumor.api import garbage_collection
from braintumor.api.garbage_collection import freeze_old_objects


class _Ring:
    """An object that only a collection can free."""

    def __init__(self) -> None:
        self.me: Any = self


def test_old_garbage_is_freed_by_the_next_regular_collection() -> None:
    with freeze_old_objects(0.5):
        ring = _Ring()
        while any(each is ring for each in gc.get_objects()):
            gc.collect()
            time.sleep(0.01)
        alive = weakref.ref(ring)
        del ring
        gc.collect()
        assert alive() is not None, "it was visited by an ordinary collection"
        while alive() is not None:
            time.sleep(0.01)
    assert gc.get_freeze_count() == 0


def test_idle_server_collects_once(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []
    asked: list[int] = []
    monkeypatch.setattr(garbage_collection, "_count_complete", lambda: asked.append(0) or 7)
    monkeypatch.setattr(gc, "collect", lambda: threads.append(threading.current_thread().name))
    with freeze_old_objects(0.01):
        while len(asked) < 5:
            time.sleep(0.01)
    assert threads == ["garbage"]
