"""A history that is switched on, on both kinds of storage."""

from pathlib import Path

import pytest

from braintumor.db.storage import Actor, Storage
from braintumor.settings import Settings
from tests.helpers.apptest.history import switch_on, use_storage
from tests.helpers.storage.fixtures import BOTH, empty_data, servers, storage_values

__all__ = ["empty_data", "servers"]


@pytest.fixture(params=BOTH)
def kept(
    request: pytest.FixtureRequest, tmp_path: Path, artifacts: Settings, monkeypatch: pytest.MonkeyPatch
) -> tuple[Storage, Actor]:
    use_storage(storage_values(request, tmp_path), monkeypatch)
    return switch_on()
