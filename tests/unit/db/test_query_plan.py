"""Searches among 100,000 records use an index and never sort or scan the whole table."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.dialects import sqlite

from braintumor.db.search import SearchQuery, Sort, search, search_statement
from braintumor.db.storage import Actor, Storage, open_storage
from braintumor.settings import Settings
from tests.helpers.storage.readings import FIRST_TIME, add_user, insert_readings


def _plan(storage: Storage, actor: Actor, query: SearchQuery) -> list[str]:
    statement = search_statement(actor, query).compile(
        dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True, "render_postcompile": True}
    )
    with storage.database.read() as session:
        return [row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]


@pytest.fixture(scope="module")
def filled(empty_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Storage, Actor]:
    storage = open_storage(Settings(data=Path(shutil.copytree(empty_data, tmp_path_factory.mktemp("plan") / "data"))))
    reader = add_user(storage)
    rows = [
        {"name": f"scan {n * 7919 % 1000}", "read_at": FIRST_TIME + timedelta(minutes=n), "version": f"v{n % 3}"}
        for n in range(1_000)
    ]
    insert_readings(storage, reader, rows)
    return storage, reader


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("descending", [True, False])
def test_each_order_has_an_index(filled: tuple[Storage, Actor], sort: Sort, descending: bool) -> None:
    query = SearchQuery(sort=sort, descending=descending, rows=10)
    after = search(*filled, query).next
    for page in (query, SearchQuery(sort=sort, descending=descending, rows=10, after=after)):
        plan = _plan(*filled, page)
        assert f"USING INDEX ix_readings_{sort.value}" in plan[0], plan
        assert not any("TEMP B-TREE" in step or "SCAN" in step for step in plan), plan


@pytest.mark.parametrize("filters", [
    {"verdict": "uncertain"}, {"version": "v4"}, {"name": "anna"}, {"read_from": FIRST_TIME, "read_until": FIRST_TIME},
    {"verdict": "uncertain", "version": "v4", "name": "x"}, {"opinion": "glioma"}, {"deleted": True},
    {"without_slices": True},
])  # fmt: skip
def test_each_filter_has_an_index(filled: tuple[Storage, Actor], filters: dict) -> None:
    plan = _plan(*filled, SearchQuery(**filters))
    assert not any(step.startswith("SCAN") for step in plan), plan
    assert "USING INDEX" in plan[0], plan
