"""The malformed corpus through the library: no crash, no hang, bounded memory and clear errors."""

import json
import re
import subprocess
import sys

import pytest

from tests.fuzz.reader import MAX_SECONDS
from tests.helpers.malformed.corpus import MalformedFile, make_corpus

MAX_MEGABYTES = 1024
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def report(root):
    """Results of reading the corpus in outcome process."""
    command = [sys.executable, "-m", "tests.fuzz.reader"]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=1800)
    assert run.returncode == 0, f"the process ended with {run.returncode}: {run.stderr[-2000:]}"
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def corpus() -> list[MalformedFile]:
    return make_corpus()


def test_corpus_is_large_and_reproducible(corpus):
    assert len(corpus) >= 300
    assert corpus == make_corpus()


def test_every_file_gives_a_result(report, corpus):
    assert [outcome["name"] for outcome in report["outcomes"]] == [file.name for file in corpus]
    missing = [outcome["name"] for outcome in report["outcomes"] if not outcome["scans"] and not outcome["failures"]]
    assert missing == []


def test_no_scan_is_read_from_bombs_and_mislabeled_files(report):
    assert [outcome["name"] for outcome in report["outcomes"] if outcome["must_fail"] and outcome["scans"]] == []


def test_scans_from_damaged_files_have_the_minimum_size(report):
    assert [outcome["name"] for outcome in report["outcomes"] if outcome["scans"] and outcome["smallest"] < 32] == []


def test_every_error_states_the_problem_and_a_remedy(report):
    unclear = []
    for outcome in report["outcomes"]:
        for name, problem in outcome["failures"]:
            message = problem.removeprefix(f"{name}: ")
            is_clear = message != problem and re.fullmatch(r"[^\n]{12,200}\. [A-Z][^\n]{8,120}\.", message)
            unclear += [] if is_clear else [problem]
    assert unclear == []


def test_single_slice_file_gives_few_errors(report):
    multi_slice = {"scans.zip", "volume.nii", "frames.dcm"}
    rows = {outcome["name"]: len(outcome["failures"]) for outcome in report["outcomes"]}
    too_many = {name: count for name, count in rows.items() if count > 4 and not name.endswith(tuple(multi_slice))}
    assert too_many == {}


def test_every_file_is_read_within_the_time_limit(report):
    assert {
        outcome["name"]: outcome["seconds"] for outcome in report["outcomes"] if outcome["seconds"] > MAX_SECONDS
    } == {}


def test_memory_stays_below_one_gigabyte(report):
    assert max(report["megabytes"].values()) < MAX_MEGABYTES
