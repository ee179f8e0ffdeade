"""Read all images in one pass, in shards over all cores; an interrupted pass resumes from its checkpoint."""

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

from braintumor.exploration.statistics_accumulator import (
    ImageTask,
    ScanReader,
    StatisticsAccumulator,
    extract_features,
)
from braintumor.imaging import InputSpec, read_scan
from braintumor.settings import Settings, get_settings

# Minimum number of images in a shard (the last one may be smaller). Groups are not split, so shards can be larger.
_MIN_SHARD_SIZE: Final = 64
# Seconds between checkpoints: the work lost if the process is killed.
CHECKPOINT_SECONDS: Final = 5.0

Shard = list[ImageTask]
ShardMapper = Callable[[Callable[[Shard], StatisticsAccumulator], Sequence[Shard]], Iterator[StatisticsAccumulator]]


def accumulate_statistics(
    tasks: Iterable[ImageTask],
    input_spec: InputSpec,
    settings: Settings | None = None,
    *,
    pixels_only: bool = False,
    checkpoint: Path | None = None,
    read: ScanReader = read_scan,
) -> StatisticsAccumulator:
    """Read every image once and accumulate its statistics.

    The result does not depend on the number of threads or on interruptions, because shards have a fixed order.

    Parameters
    ----------
    tasks : iterable of ImageTask
    input_spec : InputSpec
        The preprocessing.
    pixels_only : bool
        Compute only average and variability: no features, histograms or masks.
    checkpoint : Path, optional
        File for intermediate results; it is deleted at the end.
    read : ScanReader
        Makes a scan from the content of a file; benchmarks pass another reader.

    Raises
    ------
    DatasetError
        A file is missing, or changed since the audit.
    """
    settings = settings or get_settings()
    shards = _make_shards(tasks)
    fingerprint = compute_fingerprint(itertools.chain.from_iterable(shards), input_spec)
    accumulator, done = _load_checkpoint(checkpoint, fingerprint)
    accumulate = partial(_accumulate_shard, read, input_spec, settings, pixels_only)
    shard_sizes = [len(shard) for shard in shards]
    total, initial = sum(shard_sizes), sum(shard_sizes[:done])
    saved = time.monotonic()
    with (
        tqdm(total=total, initial=initial, desc="explore", unit="image", disable=None) as bar,
        _ordered_mapper(settings.workers or os.cpu_count() or 1) as map_in_order,
    ):
        try:
            for part in map_in_order(accumulate, shards[done:]):
                accumulator.merge(part)
                bar.update(shard_sizes[done])
                done += 1
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    _save_checkpoint(checkpoint, accumulator, fingerprint, done)
                    saved = time.monotonic()
        except BaseException:
            _save_checkpoint(checkpoint, accumulator, fingerprint, done)
            raise
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return accumulator


def compute_fingerprint(tasks: Iterable[ImageTask], input_spec: InputSpec) -> str:
    """Hash everything a pass depends on: images, labels, planes, groups, masks and preprocessing."""
    digest = hashlib.sha256(json.dumps(asdict(input_spec), sort_keys=True).encode())
    for t in sorted(tasks, key=lambda t: t.path):
        digest.update(f"{t.path},{t.label},{t.plane},{t.group},{t.sha256},{t.mask is not None},{t.mirrored}\n".encode())
    return digest.hexdigest()


def _make_shards(tasks: Iterable[ImageTask]) -> list[Shard]:
    """Pack whole groups of one label into shards, in a fixed order."""
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
    """Accumulate the groups of one shard."""
    return StatisticsAccumulator.from_groups(
        [extract_features(task, input_spec, settings, pixels_only, read) for task in members]
        for _, members in itertools.groupby(shard, key=lambda t: (t.label, t.group))
    )


@contextmanager
def _ordered_mapper(workers: int) -> Iterator[ShardMapper]:
    """Provide a map over shards that keeps their order and few results in memory; without threads for one worker."""
    if workers == 1:
        yield map
        return
    # Pillow and numpy release the GIL, so threads use all cores, without the start and transfer costs of processes.
    with ThreadPoolExecutor(workers, "braintumor-explore") as pool:
        try:
            yield partial(_map_in_order, pool, 2 * workers)
        finally:
            pool.shutdown(cancel_futures=True)


def _map_in_order(
    pool: ThreadPoolExecutor, window: int, accumulate: Callable[[Shard], StatisticsAccumulator], shards: Sequence[Shard]
) -> Iterator[StatisticsAccumulator]:
    pending: deque[Future[StatisticsAccumulator]] = deque()
    for shard in shards:
        pending.append(pool.submit(accumulate, shard))
        if len(pending) >= window:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


def _save_checkpoint(checkpoint: Path | None, accumulator: StatisticsAccumulator, fingerprint: str, done: int) -> None:
    if checkpoint is not None:
        accumulator.save(checkpoint, {"fingerprint": fingerprint, "done": done})


def _load_checkpoint(checkpoint: Path | None, fingerprint: str) -> tuple[StatisticsAccumulator, int]:
    """Return the state of an interrupted pass over the same images and its finished shards, or an empty state."""
    try:
        accumulator, note = StatisticsAccumulator.load(checkpoint) if checkpoint else (StatisticsAccumulator(), {})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return StatisticsAccumulator(), 0
    if note.get("fingerprint") != fingerprint:
        return StatisticsAccumulator(), 0
    return accumulator, int(note["done"])
