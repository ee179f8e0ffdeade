"""CSV of predictions: columns of the contract, plain numbers, and no cell that a spreadsheet runs."""

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
from braintumor.reporting.csv_export import (
    COLUMNS,
    csv_row,
    error_row,
    format_cell,
    format_timestamp,
    to_csv,
    to_csv_bytes,
)
from braintumor.reporting.findings import ReaderFinding
from tests.golden.draw import SCANS

CONTRACT = (
    "timestamp,name,result,verdict,tumor_probability,p_glioma,p_meningioma,p_notumor,p_pituitary,ood_score,"
    "model_version,sha256,error"
)
ADDED = "area_pixels,area_mm2,diameter_mm,reader_finding,reader_comment,level,volume_ml"
VALUES = st.one_of(st.none(), st.floats(), st.text(max_size=40))


def parse(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_columns_follow_the_contract_and_added_ones_are_last():
    assert ",".join(COLUMNS) == f"{CONTRACT},{ADDED}"
    assert to_csv([]) == f"{CONTRACT},{ADDED}\n"


def test_first_thirteen_columns_keep_their_positions(detector):
    finding = ReaderFinding("agree", "As I see it, too")
    rows = [csv_row(detector.detect(SCANS / "l.png"), finding), error_row("x.jpg", "x.jpg: empty.", "v1")]
    detected, failed = list(csv.reader(io.StringIO(to_csv(rows))))[1:]
    assert (detected[1], detected[10], detected[12]) == ("l.png", "v1", "")
    assert (failed[1], failed[12], failed[13:]) == ("x.jpg", "x.jpg: empty.", [""] * 7)


def test_readers_finding_is_in_the_row(detector):
    detection = detector.detect(SCANS / "l.png")
    row, plain = parse(to_csv([csv_row(detection, ReaderFinding("glioma", "=1+1 seen")), csv_row(detection)]))
    assert (row["reader_finding"], row["reader_comment"]) == ("glioma", "'=1+1 seen")
    assert plain["reader_finding"] == plain["reader_comment"] == ""


def test_area_in_pixels_is_an_integer(detector):
    row = csv_row(detector.detect(SCANS / "l.png")) | {"area_pixels": 1234, "area_mm2": 1234 * 0.25}
    (cells,) = parse(to_csv([row]))
    assert (cells["area_pixels"], cells["area_mm2"]) == ("1234", "308.500000")


def test_row_contains_the_detection(detector):
    detection = detector.detect(SCANS / "l.png")
    (row,) = parse(to_csv([csv_row(detection)]))
    assert row["name"] == "l.png"
    assert row["result"] == detection.result
    assert row["verdict"] == detection.verdict
    assert row["sha256"] == detection.sha256
    assert row["model_version"] == "v1"
    assert row["error"] == row["ood_score"] == ""
    assert float(row["tumor_probability"]) == pytest.approx(detection.tumor_probability, abs=1e-6)
    assert sum(float(row[f"p_{c}"]) for c in CLASSES) == pytest.approx(1.0, abs=4e-6)
    assert abs(datetime.fromisoformat(row["timestamp"]) - detection.timestamp) < timedelta(milliseconds=1)


def test_ood_score_is_in_the_ood_score_column(detector):
    detection = replace(detector.detect(SCANS / "l.png"), ood_score=0.25)
    assert parse(to_csv([csv_row(detection)]))[0]["ood_score"] == "0.250000"


def test_unreadable_file_has_a_row_with_its_error_and_no_numbers():
    (row,) = parse(to_csv([error_row("bad.jpg", "bad.jpg: the file is empty. Copy it again.", "v1", "ab" * 32)]))
    assert {name for name, cell in row.items() if cell} == {"timestamp", "name", "model_version", "sha256", "error"}
    assert row["error"].startswith("bad.jpg: the file is empty")
    assert datetime.fromisoformat(row["timestamp"]).tzinfo == UTC


def test_pandas_parses_probabilities_as_floats(detector):
    rows = [csv_row(detector.detect(path)) for path in sorted(SCANS.glob("*.png"))] + [error_row("x", "y", "v1")]
    table = pd.read_csv(io.StringIO(to_csv(rows)))
    assert len(table) == len(rows)
    assert table[["tumor_probability", *(f"p_{c}" for c in CLASSES)]].dtypes.map(pd.api.types.is_float_dtype).all()


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, VALUES)), max_size=5))
@example([dict.fromkeys(COLUMNS, "=1+1")])
@example([dict.fromkeys(COLUMNS, "\t@SUM(A1)")])
@example([dict.fromkeys(COLUMNS, 'x","\n=cmd|calc')])
def test_no_cell_starts_a_formula_and_each_row_is_one_line(rows):
    text = to_csv(rows)
    assert len(text.encode("utf-8").splitlines()) == 1 + len(rows)
    parsed_rows = parse(text)
    assert len(parsed_rows) == len(rows)
    for row, parsed_row in zip(rows, parsed_rows, strict=True):
        for column, cell in parsed_row.items():
            if isinstance(row[column], str):
                assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9))
def test_number_is_a_plain_decimal(value):
    text = format_cell(value)
    assert "e" not in text.lower()
    assert float(text) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("value", [None, math.nan, math.inf, ""])
def test_missing_and_non_finite_values_are_empty_cells(value):
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
def test_only_text_that_starts_a_formula_is_escaped(text, shown):
    assert format_cell(text) == shown


def test_timestamp_is_in_utc():
    time = datetime(2025, 1, 31, 11, 30, 0, 123456, timezone(timedelta(hours=2)))
    assert format_timestamp(time) == "2025-01-31T09:30:00.123Z"


def test_byte_order_mark_comes_first_only_if_asked_for():
    rows = [error_row("脳_Müller.png", "x", "v1")]
    plain, marked = to_csv_bytes(rows), to_csv_bytes(rows, with_bom=True)
    assert marked == b"\xef\xbb\xbf" + plain
    assert plain.decode("utf-8") == to_csv(rows)
    assert marked.decode("utf-8-sig") == to_csv(rows)
    assert list(pd.read_csv(io.BytesIO(marked)).columns) == list(COLUMNS), "pandas skips the mark"
