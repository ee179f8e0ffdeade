"""Two processes that share every batch end where one would, and only the first writes."""

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from braintumor.errors import RecipeError
from braintumor.training.distribution import Distribution, distribution
from braintumor.training.pipeline import Showings
from braintumor.training.shared_epoch import shares, steps_of


@pytest.mark.parametrize("count", [64, 65, 79, 80, 3])
def test_all_get_as_many_of_every_batch_and_together_nearly_all(count: int) -> None:
    size, replicas = 16, 4
    parts = [shares(count, size, replicas, replica) for replica in range(replicas)]
    assert {len(part) for part in parts} == {len(parts[0])}
    together = np.concatenate(parts)
    assert len(set(together)) == len(together) > count - replicas
    for part in parts:  # what one is shown in a step belongs to the batch of that step
        assert all(row // size == place // (size // replicas) for place, row in enumerate(part))
    assert steps_of(count, size, replicas) == -(-len(parts[0]) // (size // replicas))


def test_alone_it_gets_everything_in_order() -> None:
    assert np.array_equal(shares(37, 8, 1, 0), np.arange(37))


def test_a_batch_that_cannot_be_shared_evenly_is_refused() -> None:
    shared = Distribution(SimpleNamespace(num_replicas_in_sync=3))
    with pytest.raises(RecipeError, match="multiple of 3"):
        shared.epoch(None, lambda part, size: None, Showings(np.arange(9), None), 8, [], 0)  # type: ignore[arg-type]


@pytest.mark.parametrize("said", [None, "{", '{"cluster": {"worker": ["localhost:1"]}}'])
def test_several_machines_need_to_know_each_other(said: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if said is not None:
        monkeypatch.setenv("TF_CONFIG", said)
    with pytest.raises(RecipeError, match="TF_CONFIG does not say which"):
        distribution("multi_worker")


def test_one_device_needs_nothing() -> None:
    shared = distribution("none")
    assert not shared
    assert shared.chief
    assert shared.agreed({"loss": 0.1}) == {"loss": 0.1}


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        doors = [stack.enter_context(socket.socket()) for _ in range(count)]
        for door in doors:
            door.bind(("127.0.0.1", 0))
        return [int(door.getsockname()[1]) for door in doors]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """The folder in which two machines that trained together, and one that did so alone, left their weights."""
    folder = tmp_path_factory.mktemp("together")
    addresses = [f"127.0.0.1:{port}" for port in _free_ports(2)]

    def start(role: str, **more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.support.together", str(folder), role]
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=root, env=os.environ | more, text=True, **pipes)  # type: ignore[call-overload, no-any-return]

    def config(index: int) -> str:
        return json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}})

    running = [start("alone"), *(start("worker", TF_CONFIG=config(index)) for index in range(2))]
    for process in running:
        said = process.communicate(timeout=500)[1]
        assert process.returncode == 0, said[-3000:]
    return folder


def _read(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    with np.load(folder / f"{name}.npz") as file:
        return file["weights"], file["losses"]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["alone-mirrored", "worker-chief-together", "worker-other-together"])
def test_shared_training_ends_where_training_alone_does(how: str, found: Path) -> None:
    weights, losses = _read(found, how)
    expected_weights, expected_losses = _read(found, "alone-alone")
    assert np.abs(weights - expected_weights).max() < 1e-5
    assert losses == pytest.approx(expected_losses, abs=1e-5)


@pytest.mark.slow
def test_every_machine_ends_a_run_with_the_same_network(found: Path) -> None:
    for name in ("whole", "stopped"):
        ours, theirs = (_read(found, f"worker-{who}-{name}") for who in ("chief", "other"))
        assert np.array_equal(ours[0], theirs[0])
        assert np.array_equal(ours[1], theirs[1])


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_to_where_it_would_have_ended(found: Path) -> None:
    (weights, losses), (expected, expected_losses) = (_read(found, f"worker-chief-{n}") for n in ("stopped", "whole"))
    assert np.abs(weights - expected).max() < 1e-6
    assert losses == pytest.approx(expected_losses, abs=1e-6)


@pytest.mark.slow
def test_only_the_first_machine_writes_checkpoints(found: Path) -> None:
    assert {path.name for path in found.iterdir() if path.is_dir()} == {"work", "work-stopped"}
    assert list((found / "work").glob("epoch-*.keras"))
