"""Resume log: complete rows of the same model are reused, anything else is not."""

from pathlib import Path

import pytest

from braintumor.reporting.csv_export import error_row, to_csv
from braintumor.services.resume_log import ResumeLog

ROWS = [error_row(f"{number}.jpg", "broken", "v1", "ab" * 32) for number in range(3)]


@pytest.fixture
def stopped(tmp_path: Path) -> ResumeLog:
    """The log of a run that was stopped after three rows."""
    resume_log = ResumeLog(tmp_path / "out.csv", "model-1").start([])
    for row in ROWS:
        resume_log.add(row)
    resume_log.close()
    return resume_log


def test_stopped_run_leaves_its_rows_and_no_csv(stopped: ResumeLog) -> None:
    assert not stopped.csv_file.exists()
    assert stopped.path.name == "out.csv.part"
    completed = ResumeLog(stopped.csv_file, "model-1").load_completed()
    assert list(completed) == ["0.jpg", "1.jpg", "2.jpg"]
    assert completed["1.jpg"][1]["error"] == "broken"


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_truncated_line_is_dropped_and_the_others_reused(stopped: ResumeLog, cut: int) -> None:
    stopped.path.write_bytes(stopped.path.read_bytes()[:-cut])
    assert list(stopped.load_completed()) == ["0.jpg", "1.jpg"]


def test_truncated_character_costs_only_its_line(stopped: ResumeLog) -> None:
    stopped.path.write_bytes(stopped.path.read_bytes() + "2025,é".encode()[:-1])
    assert len(stopped.load_completed()) == 3


def test_rows_of_another_model_are_not_reused(stopped: ResumeLog) -> None:
    assert ResumeLog(stopped.csv_file, "model-2").load_completed() == {}


@pytest.mark.parametrize("content", [b"", b"\n\n", b"name,verdict\n1,2\n", b"\xff\xfe\x00"])
def test_file_of_another_kind_is_ignored(stopped: ResumeLog, content: bytes) -> None:
    stopped.path.write_bytes(content)
    assert stopped.load_completed() == {}


def test_start_writes_the_lines_to_reuse(stopped: ResumeLog) -> None:
    lines = [line for line, _ in stopped.load_completed().values()]
    resume_log = ResumeLog(stopped.csv_file, "model-1").start(lines)
    resume_log.close()
    assert len(resume_log.load_completed()) == 3


def test_finish_writes_the_lines_in_the_given_order_and_deletes_the_log(stopped: ResumeLog) -> None:
    lines = [line for line, _ in stopped.load_completed().values()]
    resume_log = ResumeLog(stopped.csv_file, "model-1").start(lines)
    resume_log.finish(reversed(lines))
    assert stopped.csv_file.read_text(encoding="utf-8") == to_csv(reversed(ROWS))
    assert [path.name for path in stopped.csv_file.parent.iterdir()] == ["out.csv"]
