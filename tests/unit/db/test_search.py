"""Search: filters, sorting, and pages on which every row is exactly once."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from braintumor.db.records import save_finding
from braintumor.db.search import MAX_PAGE_ROWS, Page, SearchQuery, Sort, export_records, search
from braintumor.db.storage import Actor, Storage, open_storage
from braintumor.db.tables import new_id
from braintumor.errors import RecordError
from braintumor.settings import Settings
from tests.helpers.storage.fixtures import settings_on_both
from tests.helpers.storage.readings import FIRST_TIME, add_user, insert_readings, save

__all__ = ["settings_on_both"]


def _pages(storage: Storage, actor: Actor, **query: object) -> list[Page]:
    pages = [search(storage, actor, SearchQuery(**query))]
    while pages[-1].next:
        pages.append(search(storage, actor, SearchQuery(**query | {"after": pages[-1].next})))
    return pages


def _names(storage: Storage, actor: Actor, **query: object) -> list[str]:
    return [record.name for record in search(storage, actor, SearchQuery(**query)).records]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Storage:
    return open_storage(Settings(data=tmp_path_factory.mktemp("search")))


# Few different values, so that most rows are equal in what they are sorted by.
_ROWS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0.0, 0.5, 1.0])), max_size=12)


@given(rows=_ROWS, late=_ROWS, sort=st.sampled_from(Sort), descending=st.booleans(), size=st.integers(1, 5))
@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_every_row_is_on_one_page_in_any_order_of_inserts(
    shared: Storage, rows: list, late: list, sort: Sort, descending: bool, size: int
) -> None:
    actor = add_user(shared, f"{new_id()}@example.org")

    def add(values: list) -> None:
        insert_readings(shared, actor, [
            {"name": f"scan {v}", "tumor_probability": p, "uncertainty": p, "read_at": FIRST_TIME + timedelta(days=v)}
            for v, p in values
        ])  # fmt: skip

    add(rows)
    query = {"sort": sort, "descending": descending, "rows": size}
    before = [record.reading_id for page in _pages(shared, actor, **query) for record in page.records]
    assert len(before) == len(set(before)) == len(rows)
    first = search(shared, actor, SearchQuery(**query))
    add(late)  # rows that arrive between two pages
    rest = _pages(shared, actor, **query, after=first.next) if first.next else []
    ids = [record.reading_id for page in (first, *rest) for record in page.records]
    assert len(ids) == len(set(ids))
    assert set(before) <= set(ids)
    records = [record for page in _pages(shared, actor, **query) for record in page.records]
    keys = [(getattr(record, sort.value), record.reading_id) for record in records]
    assert keys == sorted(keys, reverse=descending)


def test_filters_can_be_combined(storage: Storage, reader: Actor) -> None:
    save(storage, reader, 0, verdict="uncertain", name="Anna 100%.png")
    save(storage, reader, 1, verdict="uncertain", version="v5", name="bert_1.png")
    saved = save(storage, reader, 2, name="BERT-2.png")[0]
    save_finding(storage, reader, saved.reading_id, "meningioma", "")
    assert _names(storage, reader, verdict="uncertain") == ["bert_1.png", "Anna 100%.png"]
    assert _names(storage, reader, verdict="uncertain", version="v5") == ["bert_1.png"]
    assert _names(storage, reader, name="bert", descending=False) == ["bert_1.png", "BERT-2.png"]
    assert _names(storage, reader, name="100%") == ["Anna 100%.png"]
    assert _names(storage, reader, name="%") == ["Anna 100%.png"]
    assert _names(storage, reader, name="_") == ["bert_1.png"]
    assert _names(storage, reader, opinion="meningioma") == ["BERT-2.png"]
    minute = timedelta(minutes=1)
    assert _names(storage, reader, read_from=FIRST_TIME + minute) == ["BERT-2.png", "bert_1.png"]
    assert _names(storage, reader, read_from=FIRST_TIME + minute, read_until=FIRST_TIME + 2 * minute) == ["bert_1.png"]


@pytest.mark.parametrize("text", ["' OR 1=1 --", '"; DROP TABLE users; --', "\\", "%%", "\0"])
def test_text_is_never_run_as_sql(storage: Storage, reader: Actor, text: str) -> None:
    save(storage, reader, 0)
    for field in ("name", "verdict", "version", "opinion"):
        assert _names(storage, reader, **{field: text}) == []
    assert _names(storage, reader) == ["scan-0.png"]


def test_most_uncertain_comes_first(storage: Storage, reader: Actor) -> None:
    for number, probability in enumerate((0.9, 0.45, 0.02)):
        save(storage, reader, number, tumor_probability=probability)
    assert _names(storage, reader, sort=Sort.UNCERTAINTY) == ["scan-1.png", "scan-0.png", "scan-2.png"]


def test_lists_leave_the_payload_out_and_exports_have_it(storage: Storage, reader: Actor) -> None:
    save(storage, reader, 0, 1, 2)
    assert {str(r.payload) for r in search(storage, reader, SearchQuery()).records} == {"{}"}
    exported = list(export_records(storage, reader, SearchQuery(descending=False)))
    assert [r.name for r in exported] == ["scan-0.png", "scan-1.png", "scan-2.png"]
    assert exported[0].payload == {"reason": "above the threshold"}
    assert list(export_records(storage, add_user(storage, "b@example.org"), SearchQuery())) == []


def test_page_size_is_limited(storage: Storage, reader: Actor) -> None:
    insert_readings(storage, reader, [{}] * (MAX_PAGE_ROWS + 1))
    assert len(search(storage, reader, SearchQuery(rows=10**9)).records) == MAX_PAGE_ROWS
    assert len(search(storage, reader, SearchQuery(rows=-1)).records) == 1


@pytest.mark.parametrize("after", ["nonsense", "e30=", "W10=", "WyJyZWFkX2F0Iix0cnVlLCJ4IiwieSJd", "\u00e9"])
def test_forged_page_is_refused(storage: Storage, reader: Actor, after: str) -> None:
    with pytest.raises(RecordError, match="Start again from the first page"):
        search(storage, reader, SearchQuery(after=after))


def test_page_of_another_order_is_refused(storage: Storage, reader: Actor) -> None:
    save(storage, reader, 0, 1)
    after = search(storage, reader, SearchQuery(rows=1)).next
    with pytest.raises(RecordError, match="Start again"):
        search(storage, reader, SearchQuery(rows=1, sort=Sort.NAME, after=after))


def test_page_of_another_user_shows_only_own_rows(storage: Storage, reader: Actor, tmp_path: Path) -> None:
    save(storage, reader, 0, 1)
    other = add_user(storage, "b@example.org")
    after = search(storage, reader, SearchQuery(rows=1)).next
    assert search(storage, other, SearchQuery(rows=1, after=after)).records == []
