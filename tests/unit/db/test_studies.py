"""Studies are deleted, restored and purged with their slices, except those that another study needs."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from braintumor.db.deletion import delete_scans, purge, purge_scans, restore_scans
from braintumor.db.overview.studies import list_slices
from braintumor.db.overview.summary import list_versions, summarize_history
from braintumor.db.search import SearchQuery, search
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables.base import now
from braintumor.db.tables.records import SLICE, STUDY
from braintumor.errors import NotFoundError
from tests.helpers.storage.fixtures import settings_on_both
from tests.helpers.storage.readings import add_user, save

__all__ = ["settings_on_both"]


def _save_study(storage: Storage, actor: Actor, *numbers: int) -> tuple[UUID, list[UUID]]:
    slices = [saved.scan_id for saved in save(storage, actor, *numbers)]
    name = f"study {numbers}"
    study = save(storage, actor, 100 + numbers[0], name=name, content=None, level=STUDY, slices=[*slices, None])[0]
    return study.scan_id, slices


def _live(storage: Storage, actor: Actor, **query: Any) -> set[UUID]:
    return {record.scan_id for record in search(storage, actor, SearchQuery(**query)).records}


def test_study_is_found_by_its_level_and_lists_its_slices(storage: Storage, reader: Actor) -> None:
    study, slices = _save_study(storage, reader, 1, 2)
    assert _live(storage, reader, level=STUDY) == {study}
    assert _live(storage, reader, level=SLICE) == set(slices)
    assert list_slices(storage, reader, study) == dict(enumerate(slices))
    assert summarize_history(storage, reader).readings == 2
    assert list_versions(storage, reader) == ["v4"]
    with pytest.raises(NotFoundError):
        list_slices(storage, add_user(storage, "eve@example.org"), study)


def test_study_stands_for_its_slices_while_it_is_there(storage: Storage, reader: Actor) -> None:
    study, slices = _save_study(storage, reader, 1, 2)
    (picture,) = [saved.scan_id for saved in save(storage, reader, 3)]
    assert _live(storage, reader, without_slices=True) == {study, picture}
    delete_scans(storage, reader, slices[:1])
    assert _live(storage, reader, without_slices=True, deleted=True) == set(slices[:1])
    delete_scans(storage, reader, [study])
    assert _live(storage, reader, without_slices=True) == {picture}
    assert _live(storage, reader, without_slices=True, deleted=True) == {study}


def test_study_is_deleted_and_restored_with_its_slices(storage: Storage, reader: Actor) -> None:
    study, slices = _save_study(storage, reader, 1, 2, 3)
    delete_scans(storage, reader, slices[:1])
    delete_scans(storage, reader, [study])
    assert _live(storage, reader) == set()
    restore_scans(storage, reader, [study])
    assert _live(storage, reader) == {study, *slices[1:]}  # the first was deleted on its own
    assert list_slices(storage, reader, study) == {1: slices[1], 2: slices[2]}


def test_slices_of_another_study_stay(storage: Storage, reader: Actor) -> None:
    first, _ = _save_study(storage, reader, 1, 2)
    second, slices = _save_study(storage, reader, 2, 3)
    delete_scans(storage, reader, [first])
    assert _live(storage, reader) == {second, *slices}
    purge_scans(storage, reader, [first])
    delete_scans(storage, reader, [second])
    purge(storage, now() + timedelta(days=31))
    assert list(storage.blobs.iter_hashes()) == []


def test_slices_of_others_do_not_become_part_of_a_study(storage: Storage, reader: Actor) -> None:
    other = save(storage, add_user(storage, "eve@example.org"), 1)[0].scan_id
    study = save(storage, reader, 5, content=None, level=STUDY, slices=[other])[0].scan_id
    assert list_slices(storage, reader, study) == {}
