"""Streams the whole set once, in shards of whole groups over all cores; a killed pass goes on from where it was."""

import hashlib
import itertools
import json
import os
import time
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final

from tqdm import tqdm

from braintumor.exploration.observe import Reader, Task, observe
from braintumor.exploration.tally import Tally
from braintumor.imaging import InputContract, read_scan
from braintumor.settings import Settings, get_settings

# Images in a shard, at least, unless the set ends; a group is never cut, so a shard can be larger.
_SHARD: Final = 64
# Seconds of work that a kill may cost.
CHECKPOINT_SECONDS: Final = 5.0

Shard = list[Task]


def stream(
    tasks: Iterable[Task],
    contract: InputContract,
    settings: Settings | None = None,
    *,
    only_frames: bool = False,
    checkpoint: Path | None = None,
    read: Reader = read_scan,
) -> Tally:
    """Read every image once and tally it.

    The result does not depend on how many threads work, nor on whether the pass was interrupted: shards are cut and
    merged in one fixed order.

    Parameters
    ----------
    tasks : iterable of Task
    contract : InputContract
        The standardization.
    only_frames : bool
        Average and variability only: no facts, histograms or masks.
    checkpoint : Path, optional
        File that keeps the work done so far, and is removed at the end.
    read : Reader
        What makes a scan of a file's content; another way of reading is for comparisons only.

    Raises
    ------
    DatasetError
        A file is missing or was altered since the audit.
    """
    settings = settings or get_settings()
    shards = _shards(tasks)
    fingerprint = fingerprint_of(itertools.chain.from_iterable(shards), contract)
    tally, done = _resumed(checkpoint, fingerprint)
    work = partial(_tally_shard, read, contract, settings, only_frames)
    images = [len(shard) for shard in shards]
    saved = time.monotonic()
    with (
        tqdm(total=sum(images), initial=sum(images[:done]), desc="explore", unit="image", disable=None) as bar,
        _mapper(settings.workers or os.cpu_count() or 1) as in_order,
    ):
        try:
            for part in in_order(work, shards[done:]):
                tally.merge(part)
                bar.update(images[done])
                done += 1
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    _save(checkpoint, tally, fingerprint, done)
                    saved = time.monotonic()
        except BaseException:
            _save(checkpoint, tally, fingerprint, done)
            raise
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return tally


def fingerprint_of(tasks: Iterable[Task], contract: InputContract) -> str:
    """Hash of what a pass depends on: the images, their labels, planes and groups, the masks, the contract."""
    digest = hashlib.sha256(json.dumps(asdict(contract), sort_keys=True).encode())
    for t in sorted(tasks, key=lambda t: t.path):
        digest.update(f"{t.path},{t.label},{t.plane},{t.group},{t.sha256},{t.mask is not None},{t.mirrored}\n".encode())
    return digest.hexdigest()


def _shards(tasks: Iterable[Task]) -> list[Shard]:
    """Whole groups of one label, packed in order until a shard is full."""
    ordered = sorted(tasks, key=lambda t: (t.label, t.group, t.path))
    shards: list[Shard] = [[]]
    for _, members in itertools.groupby(ordered, key=lambda t: (t.label, t.group)):
        if len(shards[-1]) >= _SHARD:
            shards.append([])
        shards[-1] += members
    return [shard for shard in shards if shard]


def _tally_shard(read: Reader, contract: InputContract, settings: Settings, only_frames: bool, shard: Shard) -> Tally:
    """What one worker does: one group after another."""
    return Tally.of(
        [observe(task, contract, settings, only_frames, read) for task in members]
        for _, members in itertools.groupby(shard, key=lambda t: (t.label, t.group))
    )


@contextmanager
def _mapper(workers: int) -> Iterator[Callable[[Callable[[Shard], Tally], Sequence[Shard]], Iterator[Tally]]]:
    """A map over shards that keeps their order and only a few results in memory; in this thread for one worker."""
    if workers == 1:
        yield map
        return
    # Pillow and numpy let go of the interpreter while they work, so threads keep every core busy; processes would each
    # have to start, import and hand their maps over.
    with ThreadPoolExecutor(workers, "braintumor-explore") as pool:
        try:
            yield partial(_in_order, pool, 2 * workers)
        finally:
            pool.shutdown(cancel_futures=True)


def _in_order(
    pool: ThreadPoolExecutor, window: int, work: Callable[[Shard], Tally], shards: Sequence[Shard]
) -> Iterator[Tally]:
    pending: deque[Future[Tally]] = deque()
    for shard in shards:
        pending.append(pool.submit(work, shard))
        if len(pending) >= window:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _save(checkpoint: Path | None, tally: Tally, fingerprint: str, done: int) -> None:
    if checkpoint is not None:
        tally.save(checkpoint, {"fingerprint": fingerprint, "done": done})


def _resumed(checkpoint: Path | None, fingerprint: str) -> tuple[Tally, int]:
    """The tally of an interrupted pass over the same images, and its finished shards; else an empty one."""
    try:
        tally, note = Tally.load(checkpoint) if checkpoint else (Tally(), {})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return Tally(), 0
    return (tally, int(note["done"])) if note.get("fingerprint") == fingerprint else (Tally(), 0)
