"""Journal: complete rows of the same model are taken over, anything else is not."""

import pytest

from braintumor.reporting.csv_export import error_row, to_csv
from braintumor.services.resume_log import ResumeLog

ROWS = [error_row(f"{number}.jpg", "broken", "v1", "ab" * 32) for number in range(3)]


@pytest.fixture
def stopped(tmp_path):
    """A journal left behind by a run that was stopped after three rows."""
    journal = ResumeLog(tmp_path / "out.csv", "model-1").start([])
    for row in ROWS:
        journal.add(row)
    journal.close()
    return journal


def test_a_run_that_was_stopped_leaves_its_rows_and_no_csv(stopped):
    assert not stopped.target.exists()
    assert stopped.path.name == "out.csv.part"
    found = ResumeLog(stopped.target, "model-1").load_completed()
    assert list(found) == ["0.jpg", "1.jpg", "2.jpg"]
    assert found["1.jpg"][1]["error"] == "broken"


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_cut_short_is_dropped_and_the_others_kept(stopped, cut):
    stopped.path.write_bytes(stopped.path.read_bytes()[:-cut])
    assert list(stopped.finished()) == ["0.jpg", "1.jpg"]


def test_a_character_cut_in_half_costs_only_its_line(stopped):
    stopped.path.write_bytes(stopped.path.read_bytes() + "2025,é".encode()[:-1])
    assert len(stopped.finished()) == 3


def test_rows_of_another_model_are_not_taken_over(stopped):
    assert ResumeLog(stopped.target, "model-2").load_completed() == {}


@pytest.mark.parametrize("content", [b"", b"\n\n", b"name,verdict\n1,2\n", b"\xff\xfe\x00"])
def test_a_file_that_is_no_journal_counts_as_none(stopped, content):
    stopped.path.write_bytes(content)
    assert stopped.finished() == {}


def test_starting_again_keeps_what_is_handed_over(stopped):
    lines = [line for line, _ in stopped.finished().values()]
    journal = ResumeLog(stopped.target, "model-1").start(lines)
    journal.close()
    assert len(journal.load_completed()) == 3


def test_finishing_writes_the_rows_in_the_order_given_and_drops_the_journal(stopped):
    lines = [line for line, _ in stopped.finished().values()]
    journal = ResumeLog(stopped.target, "model-1").start(lines)
    journal.finish(reversed(lines))
    assert stopped.target.read_text(encoding="utf-8") == to_csv(reversed(ROWS))
    assert [path.name for path in stopped.target.parent.iterdir()] == ["out.csv"]
