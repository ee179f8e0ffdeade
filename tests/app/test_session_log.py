"""Session log page: a table of predictions, newest first, with search, download and clearing."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.testing.v1 import AppTest

from app_pages.components.shared.session_state import PREDICTION_LOG_KEY
from braintumor.enums import Verdict
from braintumor.reporting.csv_export import COLUMNS, CsvRow, csv_row, error_row
from braintumor.reporting.xlsx_export import XLSX_MIME
from braintumor.services.prediction_log import InMemoryPredictionStore, PredictionLog
from braintumor.settings import Settings
from tests.app.conftest import Open, words
from tests.helpers.predictions_csv import read_workbook_rows
from tests.helpers.readings import make_detection

ROWS = [csv_row(make_detection(name, minute)) for minute, name in enumerate(("first.jpg", "second.jpg", "third.jpg"))]
FAILED = error_row("cut.jpg", "cut.jpg: the file is damaged.", "v1")


@pytest.fixture
def page(empty: Settings, open_page: Open) -> Callable[..., AppTest]:
    """Opens the page on a log of some rows."""

    def open_(*rows: CsvRow, max_rows: int = 100) -> AppTest:
        app = open_page("summary")
        log = PredictionLog(InMemoryPredictionStore(max_rows))
        for row in rows:
            log.record(row)
        app.session_state[PREDICTION_LOG_KEY] = log
        app.switch_page("app_pages/session_log.py").run()
        assert not app.exception
        return app

    return open_


def test_empty_log_links_to_the_pages_that_fill_it(page: Callable[..., AppTest]) -> None:
    app = page()
    assert "No predictions yet" in words(app)
    assert not app.dataframe


def test_table_is_newest_first_and_contains_failures(page: Callable[..., AppTest]) -> None:
    app = page(*ROWS, FAILED)
    table = app.dataframe[0].value
    assert table["File"].tolist() == ["cut.jpg", "third.jpg", "second.jpg", "first.jpg"]
    assert table["Verdict"].tolist() == ["Could not be read", *["Tumour suspected"] * 3]
    assert "4 predictions" in words(app)


def test_search_matches_all_words_in_any_column(page: Callable[..., AppTest]) -> None:
    app = page(
        *ROWS, FAILED, ROWS[0] | {"name": "tagged.jpg", "reader_finding": "pituitary", "reader_comment": "small"}
    )
    for query, names in {
        "SECOND": ["second.jpg"], "damaged": ["cut.jpg"], "small pituitary": ["tagged.jpg"], "(": [],
        "suspected v1 third": ["third.jpg"],
    }.items():  # fmt: skip
        app.text_input("log-search").set_value(query).run()
        assert not app.exception
        assert (app.dataframe[0].value["File"].tolist() if app.dataframe else []) == names


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], bytes]]:
    """The function that makes the newest file of each type that is offered for download."""
    functions: dict[str, Callable[[], bytes]] = {}
    add_deferred = MediaFileManager.add_deferred

    def record(self: MediaFileManager, data: Any, mime: str, *args: Any, **kwargs: Any) -> Any:
        functions[mime] = data
        return add_deferred(self, data, mime, *args, **kwargs)

    monkeypatch.setattr(MediaFileManager, "add_deferred", record)
    return functions


def test_download_is_the_csv_of_the_matching_rows(
    page: Callable[..., AppTest], offered: dict[str, Callable[[], bytes]]
) -> None:
    app = page(*ROWS, ROWS[0] | {"name": "=formula.jpg"})
    content = offered["text/csv"]().decode("utf-8-sig")
    assert content.splitlines()[0] == ",".join(COLUMNS)
    assert [row["name"] for row in csv.DictReader(io.StringIO(content))] == [
        "'=formula.jpg", "third.jpg", "second.jpg", "first.jpg",
    ]  # fmt: skip
    app.text_input("log-search").set_value("third").run()
    assert [row["name"] for row in csv.DictReader(io.StringIO(offered["text/csv"]().decode("utf-8-sig")))] == [
        "third.jpg"
    ]


def test_workbook_has_the_matching_rows_too(
    page: Callable[..., AppTest], offered: dict[str, Callable[[], bytes]]
) -> None:
    app = page(*ROWS, ROWS[0] | {"name": "=formula.jpg"})
    names = [row["name"] for row in read_workbook_rows(offered[XLSX_MIME]())]
    assert names == ["=formula.jpg", "third.jpg", "second.jpg", "first.jpg"]
    app.text_input("log-search").set_value("third").run()
    assert [row["name"] for row in read_workbook_rows(offered[XLSX_MIME]())] == ["third.jpg"]


def test_log_can_be_cleared(page: Callable[..., AppTest]) -> None:
    app = page(*ROWS)
    app.button("log-clear").click().run()
    assert not app.exception
    assert "No predictions yet" in words(app)


def test_overflow_is_reported(page: Callable[..., AppTest]) -> None:
    rows = [csv_row(make_detection(f"{minute}.jpg", minute)) for minute in range(15)]
    assert "12 older predictions were dropped" in words(page(*rows, max_rows=3))


def test_file_name_is_never_markup(page: Callable[..., AppTest]) -> None:
    app = page(ROWS[0] | {"name": "![x](http://example.org/p.png)<b>.jpg"})
    assert "example.org" not in words(app)


def test_no_cell_of_the_table_starts_a_formula(page: Callable[..., AppTest]) -> None:
    rows = csv_row(make_detection("=HYPERLINK(1).jpg", 1)), error_row("@a.jpg", "-1", "v1")
    table = page(*rows).dataframe[0].value
    assert set(table["File"]) == {"'=HYPERLINK(1).jpg", "'@a.jpg"}
    assert "'-1" in set(table["Error"])


@pytest.mark.parametrize("verdict", [Verdict.NOT_BRAIN_MRI, Verdict.OUTSIDE_FIELD])
def test_image_without_result_has_no_class_and_no_probability_in_the_table(
    verdict: Verdict, page: Callable[..., AppTest]
) -> None:
    rejected = csv_row(replace(make_detection("cat.jpg", 9), verdict=verdict))
    table = page(ROWS[0], rejected).dataframe[0].value.set_index("File")
    assert table.loc["cat.jpg", ["Most likely class", "Tumour probability"]].isna().all()
    assert table.loc["first.jpg", "Tumour probability"] == 0.85
    assert rejected["tumor_probability"] == 0.85, "the CSV contains it"
