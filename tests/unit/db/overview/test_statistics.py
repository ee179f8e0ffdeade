"""Administrators see how much users store, and nothing of it; history is off until it is switched on."""

from dataclasses import asdict
from pathlib import Path

import pytest

from braintumor.db.history import has_storage, is_history_on, switch_history
from braintumor.db.overview.statistics import UserStatistics, count_by_user
from braintumor.db.storage import Actor, Storage, local_actor
from braintumor.db.tables import UserRole
from braintumor.errors import RecordError
from braintumor.settings import Settings
from tests.helpers.storage.fixtures import settings_on_both
from tests.helpers.storage.readings import add_user, save

__all__ = ["settings_on_both"]


def test_administrator_sees_numbers_by_user(storage: Storage, reader: Actor) -> None:
    administrator = add_user(storage, "admin@example.org", UserRole.ADMINISTRATOR)
    save(storage, reader, 1, 2)
    save(storage, reader, 1, version="v5")
    save(storage, reader, 1, name="same file.png")
    save(storage, add_user(storage, "b@example.org"), 1)
    first, second = count_by_user(storage, administrator)
    assert (first.user_id, first.readings, first.scans, first.stored_bytes) == (reader.id, 4, 3, 12)
    assert (second.readings, second.scans, second.stored_bytes) == (1, 1, 6)
    assert set(asdict(first)) == set(UserStatistics.__slots__)


def test_readers_see_no_statistics_over_others(storage: Storage, reader: Actor) -> None:
    with pytest.raises(RecordError, match="Only administrators"):
        count_by_user(storage, reader)


def test_history_is_off_until_it_is_switched_on(storage: Storage) -> None:
    assert not is_history_on(storage)
    for on in (True, True, False):
        switch_history(storage, local_actor(storage), on=on)
        assert is_history_on(storage) is on


def test_asking_for_a_storage_creates_none(tmp_path: Path, storage: Storage) -> None:
    assert not has_storage(Settings(data=tmp_path / "absent"))
    assert not (tmp_path / "absent").exists()
    assert has_storage(storage.settings)
