"""CSV: the columns of the contract, numbers that stay numbers, and no cell that a spreadsheet would run."""

import csv
import io
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from braintumor.enums import CLASSES
from braintumor.reporting.csv_export import COLUMNS, csv_row, error_row, format_cell, format_timestamp, to_csv
from braintumor.reporting.findings import ReaderFinding
from tests.golden.draw import SCANS

CONTRACT = (
    "timestamp,name,result,verdict,tumor_probability,p_glioma,p_meningioma,p_notumor,p_pituitary,novelty,"
    "model_version,sha256,error"
)
LATER = "area_pixels,area_mm2,diameter_mm,reader_finding,reader_comment"
VALUES = st.one_of(st.none(), st.floats(), st.text(max_size=40))


def parsed(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_columns_are_those_of_the_contract_and_later_ones_stand_at_the_end():
    assert ",".join(COLUMNS) == f"{CONTRACT},{LATER}"
    assert to_csv([]) == f"{CONTRACT},{LATER}\n"


def test_who_reads_the_first_thirteen_columns_by_place_still_can(detector):
    said = ReaderFinding("agree", "As I see it, too")
    rows = [csv_row(detector.detect(SCANS / "l.png"), said), error_row("x.jpg", "x.jpg: empty.", "v1")]
    good, bad = list(csv.reader(io.StringIO(to_csv(rows))))[1:]
    assert (good[1], good[10], good[12]) == ("l.png", "v1", "")
    assert (bad[1], bad[12], bad[13:]) == ("x.jpg", "x.jpg: empty.", [""] * 5)


def test_the_readers_finding_is_saved_with_the_row(detector):
    found = detector.detect(SCANS / "l.png")
    row, bare = parsed(to_csv([csv_row(found, ReaderFinding("glioma", "=1+1 seen")), csv_row(found)]))
    assert (row["reader_finding"], row["reader_comment"]) == ("glioma", "'=1+1 seen")
    assert bare["reader_finding"] == bare["reader_comment"] == ""


def test_an_area_in_pixels_is_a_count(detector):
    row = csv_row(detector.detect(SCANS / "l.png")) | {"area_pixels": 1234, "area_mm2": 1234 * 0.25}
    (back,) = parsed(to_csv([row]))
    assert (back["area_pixels"], back["area_mm2"]) == ("1234", "308.500000")


def test_a_reading_comes_back_from_its_row(detector):
    found = detector.detect(SCANS / "l.png")
    (row,) = parsed(to_csv([csv_row(found)]))
    assert row["name"] == "l.png"
    assert row["result"] == found.result
    assert row["verdict"] == found.verdict
    assert row["sha256"] == found.sha256
    assert row["model_version"] == "v1"
    assert row["error"] == row["novelty"] == ""
    assert float(row["tumor_probability"]) == pytest.approx(found.tumor_probability, abs=1e-6)
    assert sum(float(row[f"p_{c}"]) for c in CLASSES) == pytest.approx(1.0, abs=4e-6)
    assert abs(datetime.fromisoformat(row["timestamp"]) - found.timestamp) < timedelta(milliseconds=1)


def test_novelty_is_a_number_where_it_was_measured(detector):
    found = replace(detector.detect(SCANS / "l.png"), ood_score=0.25)
    assert parsed(to_csv([csv_row(found)]))[0]["novelty"] == "0.250000"


def test_a_file_that_could_not_be_read_is_a_row_with_its_error_and_no_numbers():
    (row,) = parsed(to_csv([error_row("bad.jpg", "bad.jpg: the file is empty. Copy it again.", "v1", "ab" * 32)]))
    assert {name for name, cell in row.items() if cell} == {"timestamp", "name", "model_version", "sha256", "error"}
    assert row["error"].startswith("bad.jpg: the file is empty")
    assert datetime.fromisoformat(row["timestamp"]).tzinfo == UTC


def test_pandas_reads_numbers_as_numbers(detector):
    rows = [csv_row(detector.detect(path)) for path in sorted(SCANS.glob("*.png"))] + [error_row("x", "y", "v1")]
    table = pd.read_csv(io.StringIO(to_csv(rows)))
    assert len(table) == len(rows)
    assert table[["tumor_probability", *(f"p_{c}" for c in CLASSES)]].dtypes.map(pd.api.types.is_float_dtype).all()


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, VALUES)), max_size=5))
@example([dict.fromkeys(COLUMNS, "=1+1")])
@example([dict.fromkeys(COLUMNS, "\t@SUM(A1)")])
@example([dict.fromkeys(COLUMNS, 'x","\n=cmd|calc')])
def test_whatever_is_written_no_cell_starts_a_formula_and_a_row_is_a_line(rows):
    text = to_csv(rows)
    assert len(text.encode("utf-8").splitlines()) == 1 + len(rows)
    back = parsed(text)
    assert len(back) == len(rows)
    for given_row, row in zip(rows, back, strict=True):
        for column, cell in row.items():
            if isinstance(given_row[column], str):
                assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9))
def test_a_number_is_a_plain_decimal_that_reads_back(value):
    text = format_cell(value)
    assert "e" not in text.lower()
    assert float(text) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("value", [None, math.nan, math.inf, ""])
def test_what_is_no_number_is_an_empty_cell(value):
    assert format_cell(value) == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@a", "'@a"),
        ("\ta", "' a"),
        ("\ra", "' a"),
        ("  =1", "'  =1"),
        ("a=1", "a=1"),
        ("Müller, 脳.png", "Müller, 脳.png"),
        ("a\nb\x00c\udc80", "a b c "),
    ],
)
def test_text_is_shown_as_it_is_unless_it_would_run(text, shown):
    assert format_cell(text) == shown


def test_a_time_is_written_in_utc():
    moment = datetime(2025, 1, 31, 11, 30, 0, 123456, timezone(timedelta(hours=2)))
    assert format_timestamp(moment) == "2025-01-31T09:30:00.123Z"
