"""Readings to save, and users who save them."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from braintumor.db.records import NewReading, SavedReading, save_readings
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import ReadingRow, ScanRow, User, UserRole, new_id

FIRST_TIME = datetime(2026, 1, 1, tzinfo=UTC)
CARD = "c" * 64


def add_user(storage: Storage, email: str = "reader@example.org", role: UserRole = UserRole.READER) -> Actor:
    user_id = new_id()
    with storage.database.write() as session:
        session.add(User(id=user_id, email=email, role=role))
    return Actor(user_id, role)


def new_reading(number: int = 0, **changes: Any) -> NewReading:
    content = changes.pop("content", f"scan {number}".encode())
    reading = NewReading(
        name=f"scan-{number}.png",
        sha256=hashlib.sha256(f"scan {number}".encode()).hexdigest(),
        content=content,
        media_type="image/png",
        version="v4",
        card_sha256=CARD,
        verdict="tumor suspected",
        result="glioma",
        tumor_probability=0.9,
        probabilities={"glioma": 0.8, "meningioma": 0.05, "notumor": 0.1, "pituitary": 0.05},
        read_at=FIRST_TIME + timedelta(minutes=number),
        payload={"reason": "above the threshold"},
    )
    return replace(reading, **changes)


def save(storage: Storage, actor: Actor, *numbers: int, **changes: Any) -> list[SavedReading]:
    return save_readings(storage, actor, [new_reading(number, **changes) for number in numbers or (0,)])


def insert_readings(storage: Storage, actor: Actor, rows: Sequence[dict[str, Any]]) -> None:
    """Insert many readings at once, without stored scans and audit entries."""
    scans, readings = [], []
    for number, changes in enumerate(rows):
        scan_id, name = new_id(), changes.get("name", f"scan-{number}.png")
        scans.append({"id": scan_id, "owner_id": actor.id, "sha256": scan_id.hex * 2, "name": name})
        readings.append(_READING | {"owner_id": actor.id, "scan_id": scan_id, "name": name} | changes)
    with storage.database.write() as session:
        for table, values in ((ScanRow, scans), (ReadingRow, readings)):
            if values:
                session.execute(insert(table), values)


_READING = {
    "version": "v4", "card_sha256": CARD, "verdict": "no tumor found", "result": "notumor", "tumor_probability": 0.1,
    "uncertainty": 0.2, "probabilities": {"notumor": 0.9}, "payload": {}, "read_at": FIRST_TIME,
}  # fmt: skip
