"""A process that saves and deletes until it is killed, and says what was acknowledged."""

from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from braintumor.db.deletion import delete_scans, purge_scans
from braintumor.db.records import save_readings
from braintumor.db.storage import Actor, open_storage
from braintumor.settings import Settings
from tests.helpers.storage.readings import new_reading


def save_and_delete(data: Path, actor: Actor, seed: int, sender: Connection) -> None:
    """Send `saved N ID` after each save, and `purging N ID` before each final deletion."""
    storage, numbers, saved = open_storage(Settings(data=data)), np.random.default_rng(seed), []
    sender.send(("ready", 0, None))
    for step in range(10_000):
        number = seed * 10_000 + step
        result = save_readings(storage, actor, [new_reading(number, content=numbers.bytes(20_000))])[0]
        sender.send(("saved", number, result.scan_id))
        saved.append((number, result.scan_id))
        if numbers.random() < 0.5:
            number, scan_id = saved.pop(numbers.integers(len(saved)))
            sender.send(("purging", number, scan_id))
            delete_scans(storage, actor, [scan_id])
            purge_scans(storage, actor, [scan_id])


def save_many(data: Path, actor: Actor, start: int, count: int) -> None:
    """Save readings one by one."""
    storage = open_storage(Settings(data=data))
    for number in range(start, start + count):
        save_readings(storage, actor, [new_reading(number)])
