"""Excel workbook: numbers are numbers, text stays text whatever it looks like, and equal rows give equal bytes."""

import io
import math
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braintumor.errors import BrainTumorError
from braintumor.reporting import xlsx_export
from braintumor.reporting.csv_export import COLUMNS, NUMBER_COLUMNS, csv_row, error_row, parse_lines, to_csv
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.xlsx_export import to_xlsx, write_xlsx
from tests.golden.draw import SCANS
from tests.helpers.predictions_csv import read_sheet, read_workbook_rows

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "=cmd|'/c calc'!A1", "{=1+1}", "'=1"]
OTHER_TEXTS = ["https://example.org", "mailto:a@b", "00123", "1e5", "2025-01-31", "TRUE", "<b>&amp;", "脳 מוח 😀"]


@pytest.mark.parametrize("text", FORMULAS + OTHER_TEXTS)
def test_text_is_a_text_cell_whatever_it_looks_like(text):
    content = to_xlsx([dict.fromkeys(COLUMNS, None) | {"name": text, "error": text, "reader_comment": text}])
    cell = read_sheet(content)["B2"]
    assert (cell.data_type, cell.value, cell.hyperlink) == ("s", text.replace("\t", " "), None)
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"hyperlink" not in sheet


def test_text_that_looks_like_an_escape_code_is_escaped():
    sheet = zipfile.ZipFile(io.BytesIO(to_xlsx([error_row("_x0041_", "", "v1")]))).read("xl/worksheets/sheet1.xml")
    assert b"<t>_x005F_x0041_</t>" in sheet, "Excel would read A"


@given(st.text(max_size=60))
def test_any_text_gives_a_valid_workbook(text):
    (row,) = read_workbook_rows(to_xlsx([error_row(text, text, "v1")]))
    assert (row["name"] or "") == "".join(c if c.isprintable() else " " for c in text)


def test_values_are_those_of_the_csv_as_numbers(detector):
    detected = csv_row(detector.detect(SCANS / "l.png"), ReaderFinding("glioma", "=1+1"))
    detected |= {"area_pixels": 1234, "area_mm2": 308.5, "diameter_mm": math.nan}
    rows = [detected, error_row("x.jpg", "x.jpg: the file is empty.", "v1")]
    first, second = read_workbook_rows(to_xlsx(rows))
    assert list(first) == list(COLUMNS)
    assert first["tumor_probability"] == pytest.approx(detected["tumor_probability"], abs=1e-6)
    assert (first["area_pixels"], first["area_mm2"], first["diameter_mm"]) == (1234, 308.5, None)
    assert (first["timestamp"], first["reader_comment"]) == (detected["timestamp"], "=1+1")
    assert second["error"] == "x.jpg: the file is empty."
    assert all(second[column] is None for column in NUMBER_COLUMNS)


def test_header_stays_in_view_and_columns_can_be_filtered():
    sheet = read_sheet(to_xlsx([error_row("x.jpg", "empty", "v1")]))
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref.startswith("A1:")
    assert sheet.column_dimensions["B"].width > 30


def test_equal_rows_give_equal_bytes(detector):
    rows = [csv_row(detector.detect(SCANS / "l.png"))]
    assert to_xlsx(rows) == to_xlsx(iter(rows))


def test_text_longer_than_a_cell_is_cut():
    (row,) = read_workbook_rows(to_xlsx([error_row("x", "y" * 40_000, "v1")]))
    assert len(row["error"]) == 32_767


def test_more_rows_than_excel_opens_are_refused(monkeypatch):
    monkeypatch.setattr(xlsx_export, "_MAX_ROWS", 2)
    with pytest.raises(BrainTumorError, match="at most 2 rows"):
        to_xlsx([error_row("x", "y", "v1")] * 3)


def test_unwritable_file_raises_an_os_error(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        write_xlsx([], tmp_path / "missing" / "out.xlsx")


# The CSV marks a text that starts with a line break or tab as harmless, and cannot say that it did so.
LINES = st.text(max_size=30).filter(lambda text: not text.startswith(("\t", "\r", "\n")))


@given(LINES, st.floats(0, 1), st.integers(0, 10**6))
def test_csv_lines_are_parsed_to_the_same_workbook(text, probability, area):
    row = error_row(text, text, "v1") | {"tumor_probability": probability, "area_pixels": area}
    lines = to_csv([row], header=False).splitlines(keepends=True)
    assert to_xlsx(parse_lines(lines)) == to_xlsx([row])
