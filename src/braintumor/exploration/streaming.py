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

from braintumor.exploration.accumulators import ImageTask, ScanReader, extract_features
from braintumor.exploration.statistics_accumulator import StatisticsAccumulator
from braintumor.imaging import InputSpec, read_scan
from braintumor.settings import Settings, get_settings

# Images in a shard, at least, unless the set ends; a group is never cut, so a shard can be larger.
_MIN_SHARD_SIZE: Final = 64
# Seconds of work that a kill may cost.
CHECKPOINT_SECONDS: Final = 5.0

Shard = list[ImageTask]


def accumulate_statistics(
    tasks: Iterable[ImageTask],
    input_spec: InputSpec,
    settings: Settings | None = None,
    *,
    pixels_only: bool = False,
    checkpoint: Path | None = None,
    read: ScanReader = read_scan,
) -> StatisticsAccumulator:
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
    shards = _make_shards(tasks)
    fingerprint = compute_fingerprint(itertools.chain.from_iterable(shards), input_spec)
    tally, done = _load_checkpoint(checkpoint, fingerprint)
    work = partial(_accumulate_shard, read, input_spec, settings, pixels_only)
    images = [len(shard) for shard in shards]
    saved = time.monotonic()
    with (
        tqdm(total=sum(images), initial=sum(images[:done]), desc="explore", unit="image", disable=None) as bar,
        _ordered_mapper(settings.workers or os.cpu_count() or 1) as in_order,
    ):
        try:
            for part in in_order(work, shards[done:]):
                tally.merge(part)
                bar.update(images[done])
                done += 1
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    _save_checkpoint(checkpoint, tally, fingerprint, done)
                    saved = time.monotonic()
        except BaseException:
            _save_checkpoint(checkpoint, tally, fingerprint, done)
            raise
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return tally


def compute_fingerprint(tasks: Iterable[ImageTask], input_spec: InputSpec) -> str:
    """Hash of what a pass depends on: the images, their labels, planes and groups, the masks, the contract."""
    digest = hashlib.sha256(json.dumps(asdict(input_spec), sort_keys=True).encode())
    for t in sorted(tasks, key=lambda t: t.path):
        digest.update(f"{t.path},{t.label},{t.plane},{t.group},{t.sha256},{t.mask is not None},{t.mirrored}\n".encode())
    return digest.hexdigest()


def _make_shards(tasks: Iterable[ImageTask]) -> list[Shard]:
    """Whole groups of one label, packed in order until a shard is full."""
    ordered = sorted(tasks, key=lambda t: (t.label, t.group, t.path))
    shards: list[Shard] = [[]]
    for _, members in itertools.groupby(ordered, key=lambda t: (t.label, t.group)):
        if len(shards[-1]) >= _MIN_SHARD_SIZE:
            shards.append([])
        shards[-1] += members
    return [shard for shard in shards if shard]


def _accumulate_shard(
    read: ScanReader, input_spec: InputSpec, settings: Settings, pixels_only: bool, shard: Shard
) -> StatisticsAccumulator:
    """What one worker does: one group after another."""
    return StatisticsAccumulator.from_groups(
        [extract_features(task, input_spec, settings, pixels_only, read) for task in members]
        for _, members in itertools.groupby(shard, key=lambda t: (t.label, t.group))
    )


@contextmanager
def _ordered_mapper(
    workers: int,
) -> Iterator[Callable[[Callable[[Shard], StatisticsAccumulator], Sequence[Shard]], Iterator[StatisticsAccumulator]]]:
    """A map over shards that keeps their order and only a few results in memory; in this thread for one worker."""
    if workers == 1:
        yield map
        return
    # Pillow and numpy let go of the interpreter while they work, so threads keep every core busy; processes would each
    # have to start, import and hand their maps over.
    with ThreadPoolExecutor(workers, "braintumor-explore") as pool:
        try:
            yield partial(_map_in_order, pool, 2 * workers)
        finally:
            pool.shutdown(cancel_futures=True)


def _map_in_order(
    pool: ThreadPoolExecutor, window: int, work: Callable[[Shard], StatisticsAccumulator], shards: Sequence[Shard]
) -> Iterator[StatisticsAccumulator]:
    pending: deque[Future[StatisticsAccumulator]] = deque()
    for shard in shards:
        pending.append(pool.submit(work, shard))
        if len(pending) >= window:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _save_checkpoint(checkpoint: Path | None, accumulator: StatisticsAccumulator, fingerprint: str, done: int) -> None:
    if checkpoint is not None:
        accumulator.save(checkpoint, {"fingerprint": fingerprint, "done": done})


def _load_checkpoint(checkpoint: Path | None, fingerprint: str) -> tuple[StatisticsAccumulator, int]:
    """The tally of an interrupted pass over the same images, and its finished shards; else an empty one."""
    try:
        tally, note = StatisticsAccumulator.load(checkpoint) if checkpoint else (StatisticsAccumulator(), {})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return StatisticsAccumulator(), 0
    return (tally, int(note["done"])) if note.get("fingerprint") == fingerprint else (StatisticsAccumulator(), 0)
