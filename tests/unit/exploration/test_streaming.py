"""The streamed pass gives what a stack in memory gives, whoever does the work and however often it is interrupted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from braintumor.errors import DatasetError
from braintumor.exploration import streaming as module
from braintumor.exploration.accumulators import ImageTask
from braintumor.exploration.explore import build_tasks
from braintumor.exploration.statistics import ALL_PLANES
from braintumor.exploration.statistics_accumulator import StatisticsAccumulator
from braintumor.exploration.streaming import accumulate_statistics, compute_fingerprint
from braintumor.imaging import InputSpec, preprocess, read_scan
from braintumor.settings import Settings

CONTRACT = InputSpec(48, 64, channels=1)


@pytest.fixture
def tasks(manifest: pd.DataFrame, audited: Settings) -> list[ImageTask]:
    return build_tasks(manifest, audited)


def _same(one: StatisticsAccumulator, other: StatisticsAccumulator) -> None:
    for name in ("pixels", "groups", "masks", "histograms"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert mine.keys() == theirs.keys()
        for key, moments in mine.items():
            assert moments.count == theirs[key].count
            np.testing.assert_array_equal(moments.mean, theirs[key].mean)
            np.testing.assert_array_equal(moments.m2, theirs[key].m2)
    assert one.feature_rows == other.feature_rows
    assert one.tumor_rows == other.tumor_rows


def test_mean_and_deviation_are_those_of_the_stack_in_memory(
    tasks: list[ImageTask], manifest: pd.DataFrame, audited: Settings
) -> None:
    tally = accumulate_statistics(tasks, CONTRACT, audited)
    frames = [preprocess(read_scan(audited.dataset / path), CONTRACT)[0] for path in manifest["path"]]
    stack = np.stack(frames).astype(float)
    for (label, plane), moments in tally.pixels.items():
        chosen = stack[((manifest["label"] == label) & (manifest["plane"] == plane)).to_numpy()]
        assert moments.count == len(chosen)
        np.testing.assert_allclose(moments.mean, chosen.mean(axis=0), atol=1e-4)
        np.testing.assert_allclose(moments.std(), chosen.std(axis=0), atol=1e-4)
    assert sum(moments.count for moments in tally.pixels.values()) == len(manifest)


def test_each_group_counts_once_by_the_mean_of_its_images(
    tasks: list[ImageTask], manifest: pd.DataFrame, audited: Settings
) -> None:
    tally = accumulate_statistics(tasks, CONTRACT, audited, pixels_only=True)
    for label, rows in manifest.groupby("label"):
        means = [
            np.mean([preprocess(read_scan(audited.dataset / p), CONTRACT)[0] for p in part["path"]], axis=0)
            for _, part in rows.groupby("group")
        ]
        moments = tally.groups[str(label), ALL_PLANES]
        assert moments.count == len(means)
        np.testing.assert_allclose(moments.mean, np.mean(means, axis=0), atol=1e-9)
        np.testing.assert_allclose(moments.std(ddof=1), np.std(means, axis=0, ddof=1), atol=1e-9)


def test_several_threads_give_the_same_bits_as_one(tasks: list[ImageTask], audited: Settings) -> None:
    _same(
        accumulate_statistics(tasks, CONTRACT, audited),
        accumulate_statistics(tasks, CONTRACT, audited.model_copy(update={"workers": 3})),
    )


def test_the_order_of_the_manifest_does_not_matter(tasks: list[ImageTask], audited: Settings) -> None:
    shuffled = [tasks[i] for i in np.random.default_rng(0).permutation(len(tasks))]
    _same(accumulate_statistics(tasks, CONTRACT, audited), accumulate_statistics(shuffled, CONTRACT, audited))
    assert compute_fingerprint(tasks, CONTRACT) == compute_fingerprint(shuffled, CONTRACT)


def _dying_after(shards: int) -> Callable[..., StatisticsAccumulator]:
    """A worker that is killed when it has done a number of shards."""
    real, done = module._accumulate_shard, [0]

    def work(*arguments: Any) -> StatisticsAccumulator:
        done[0] += 1
        if done[0] > shards:
            raise KeyboardInterrupt
        return real(*arguments)

    return work


def test_an_interrupted_pass_goes_on_to_the_same_bits(
    tasks: list[ImageTask], audited: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, checkpoint = accumulate_statistics(tasks, CONTRACT, audited), tmp_path / "work" / "explore.npz"
    monkeypatch.setattr(module, "_SHARD", 8)
    whole_small = accumulate_statistics(tasks, CONTRACT, audited)
    for _ in range(3):
        with monkeypatch.context() as patch:
            patch.setattr(module, "_tally_shard", _dying_after(2))
            with pytest.raises(KeyboardInterrupt):
                accumulate_statistics(tasks, CONTRACT, audited, checkpoint=checkpoint)
        assert checkpoint.is_file()
    left = len(module._make_shards(tasks)) - 6
    counting = _dying_after(left)
    monkeypatch.setattr(module, "_tally_shard", counting)
    _same(accumulate_statistics(tasks, CONTRACT, audited, checkpoint=checkpoint), whole_small)
    assert not checkpoint.exists()
    assert len(whole.feature_rows) == len(whole_small.feature_rows)


def test_work_done_on_another_set_is_not_taken_over(tasks: list[ImageTask], audited: Settings, tmp_path: Path) -> None:
    checkpoint = tmp_path / "explore.npz"
    accumulate_statistics(tasks[:20], CONTRACT, audited).save(checkpoint, {"fingerprint": "of another set", "done": 1})
    _same(
        accumulate_statistics(tasks, CONTRACT, audited, checkpoint=checkpoint),
        accumulate_statistics(tasks, CONTRACT, audited),
    )


@pytest.mark.parametrize("content", [b"", b"cut short", b"PK\x03\x04 and then nothing"])
def test_a_damaged_checkpoint_costs_the_work_and_no_more(
    tasks: list[ImageTask], audited: Settings, tmp_path: Path, content: bytes
) -> None:
    checkpoint = tmp_path / "explore.npz"
    checkpoint.write_bytes(content)
    assert len(accumulate_statistics(tasks[:10], CONTRACT, audited, checkpoint=checkpoint).feature_rows) == 10


def test_an_image_altered_since_the_audit_is_named(tasks: list[ImageTask], audited: Settings) -> None:
    changed = ImageTask(**{name: getattr(tasks[0], name) for name in ImageTask.__slots__} | {"sha256": "0" * 64})
    with pytest.raises(DatasetError, match=f"{tasks[0].path}.*altered"):
        accumulate_statistics([changed], CONTRACT, audited)


def test_an_image_that_is_gone_is_named(tasks: list[ImageTask], audited: Settings, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=f"{tasks[0].path}.*fetch"):
        accumulate_statistics(tasks, CONTRACT, audited.model_copy(update={"inputs": tmp_path}))


def test_a_mask_takes_the_same_way_onto_the_frame_as_its_scan(audited: Settings, manifest: pd.DataFrame) -> None:
    scan = read_scan(audited.dataset / manifest["path"].iloc[0])
    bright = scan.to_uint8() > 60
    frame, geometry = preprocess(scan, CONTRACT)
    moved = geometry.mask_to_input(bright)
    assert moved.shape == frame.shape
    assert (moved == (frame > 60)).mean() > 0.93
