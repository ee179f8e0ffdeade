"""Processes of a pool leave inherited objects alone."""

import gc
import os
from pathlib import Path

import pytest

from braintumor.process_pool import process_pool
from braintumor.settings import Settings


class Inherited:
    """Garbage that only the collector can free, and that records the process which does so."""

    def __init__(self, record: Path) -> None:
        self.record, self.cycle = record, self

    def __del__(self) -> None:
        with self.record.open("a") as file:
            file.write(f"{os.getpid()}\n")


def collect(_: int) -> int:
    return gc.collect()


@pytest.mark.parametrize("workers", [1, 2])
def test_garbage_of_the_parent_is_not_freed_in_another_process(tmp_path: Path, workers: int) -> None:
    """Regression: freeing an ONNX Runtime session in a forked process waited forever for the threads of its parent."""
    record = tmp_path / "freed-by"
    gc.disable()
    try:
        Inherited(record)
        with process_pool(Settings(workers=workers)) as pool:
            assert len(list(pool.map(collect, range(8)))) == 8
        assert not record.exists()
    finally:
        gc.enable()
    gc.collect()
    assert record.read_text().split() == [str(os.getpid())]


def test_as_many_processes_as_set(tmp_path: Path) -> None:
    with process_pool(Settings(workers=3)) as pool:
        assert list(pool.map(abs, [-1, -2])) == [1, 2]
        assert pool._max_workers == 3
