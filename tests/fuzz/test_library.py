"""Some 570 hostile files through the library: no crash, no hang, bounded memory, and one clear sentence each."""

import json
import re
import subprocess
import sys

import pytest

from tests.fuzz.reader import SECONDS
from tests.helpers.malformed.corpus import Hostile, corpus

MEGABYTES = 1024
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def read(root):
    """What came of reading the corpus in one process."""
    command = [sys.executable, "-m", "tests.fuzz.reader"]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=500)
    assert run.returncode == 0, f"the process ended with {run.returncode}: {run.stderr[-2000:]}"
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def made() -> list[Hostile]:
    return corpus()


def test_there_are_at_least_300_and_they_are_the_same_every_time(made):
    assert len(made) >= 300
    assert made == corpus()


def test_every_file_is_answered(read, made):
    assert [one["name"] for one in read["outcomes"]] == [one.name for one in made]
    silent = [one["name"] for one in read["outcomes"] if not one["scans"] and not one["refusals"]]
    assert silent == []


def test_no_bomb_or_deception_passes_for_a_scan(read):
    assert [one["name"] for one in read["outcomes"] if one["must_fail"] and one["scans"]] == []


def test_what_is_left_of_a_damaged_file_is_large_enough_to_be_read(read):
    assert [one["name"] for one in read["outcomes"] if one["scans"] and one["smallest"] < 32] == []


def test_every_refusal_is_one_clear_sentence_and_what_to_do(read):
    unclear = []
    for one in read["outcomes"]:
        for name, problem in one["refusals"]:
            said = problem.removeprefix(f"{name}: ")
            is_clear = said != problem and re.fullmatch(r"[^\n]{12,200}\. [A-Z][^\n]{8,120}\.", said)
            unclear += [] if is_clear else [problem]
    assert unclear == []


def test_a_file_of_one_slice_costs_one_row(read):
    several = {"scans.zip", "volume.nii", "frames.dcm"}
    rows = {one["name"]: len(one["refusals"]) for one in read["outcomes"]}
    crowded = {name: count for name, count in rows.items() if count > 4 and not name.endswith(tuple(several))}
    assert crowded == {}


def test_nothing_takes_longer_than_five_seconds(read):
    assert {one["name"]: one["seconds"] for one in read["outcomes"] if one["seconds"] > SECONDS} == {}


def test_no_process_takes_more_than_a_gigabyte(read):
    assert max(read["megabytes"].values()) < MEGABYTES
