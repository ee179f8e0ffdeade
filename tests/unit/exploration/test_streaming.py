"""The streamed pass equals a stack in memory, for any number of threads and interruptions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from braintumor.errors import DatasetError
from braintumor.exploration import streaming as module
from braintumor.exploration.explore import build_tasks
from braintumor.exploration.statistics import ALL_PLANES
from braintumor.exploration.statistics_accumulator import ImageTask, StatisticsAccumulator
from braintumor.exploration.streaming import accumulate_statistics, compute_fingerprint
from braintumor.imaging import InputSpec, read_scan
from braintumor.imaging.preprocessing import crop_and_resize
from braintumor.settings import Settings

INPUT_SPEC = InputSpec(48, 64, channels=1)


@pytest.fixture
def tasks(manifest: pd.DataFrame, audited: Settings) -> list[ImageTask]:
    """Build the tasks of the data set."""
    return build_tasks(manifest, audited)


def _assert_same(first: StatisticsAccumulator, second: StatisticsAccumulator) -> None:
    for name in ("pixels", "groups", "masks", "histograms"):
        moments, expected = getattr(first, name), getattr(second, name)
        assert moments.keys() == expected.keys()
        for key in moments:
            assert moments[key].count == expected[key].count
            np.testing.assert_array_equal(moments[key].mean, expected[key].mean)
            np.testing.assert_array_equal(moments[key].m2, expected[key].m2)
    assert first.feature_rows == second.feature_rows
    assert first.tumor_rows == second.tumor_rows


def test_mean_and_deviation_equal_the_stack_in_memory(
    tasks: list[ImageTask], manifest: pd.DataFrame, audited: Settings
) -> None:
    accumulator = accumulate_statistics(tasks, INPUT_SPEC, audited)
    images = [crop_and_resize(read_scan(audited.dataset / path).to_uint8(), INPUT_SPEC)[0] for path in manifest["path"]]
    stack = np.stack(images).astype(float)
    for (label, plane), moments in accumulator.pixels.items():
        rows = stack[((manifest["label"] == label) & (manifest["plane"] == plane)).to_numpy()]
        assert moments.count == len(rows)
        np.testing.assert_allclose(moments.mean, rows.mean(axis=0), atol=1e-4)
        np.testing.assert_allclose(moments.std(), rows.std(axis=0), atol=1e-4)
    assert sum(moments.count for moments in accumulator.pixels.values()) == len(manifest)


def test_each_group_counts_once_with_its_mean_image(
    tasks: list[ImageTask], manifest: pd.DataFrame, audited: Settings
) -> None:
    accumulator = accumulate_statistics(tasks, INPUT_SPEC, audited, pixels_only=True)
    for label, rows in manifest.groupby("label"):
        means = [
            np.mean(
                [crop_and_resize(read_scan(audited.dataset / p).to_uint8(), INPUT_SPEC)[0] for p in part["path"]],
                axis=0,
            )
            for _, part in rows.groupby("group")
        ]
        moments = accumulator.groups[str(label), ALL_PLANES]
        assert moments.count == len(means)
        np.testing.assert_allclose(moments.mean, np.mean(means, axis=0), atol=1e-9)
        np.testing.assert_allclose(moments.std(ddof=1), np.std(means, axis=0, ddof=1), atol=1e-9)


def test_threads_give_identical_bits(tasks: list[ImageTask], audited: Settings) -> None:
    _assert_same(
        accumulate_statistics(tasks, INPUT_SPEC, audited),
        accumulate_statistics(tasks, INPUT_SPEC, audited.model_copy(update={"workers": 3})),
    )


def test_manifest_order_does_not_matter(tasks: list[ImageTask], audited: Settings) -> None:
    shuffled = [tasks[i] for i in np.random.default_rng(0).permutation(len(tasks))]
    _assert_same(
        accumulate_statistics(tasks, INPUT_SPEC, audited), accumulate_statistics(shuffled, INPUT_SPEC, audited)
    )
    assert compute_fingerprint(tasks, INPUT_SPEC) == compute_fingerprint(shuffled, INPUT_SPEC)


def _interrupt_after(shards: int) -> Callable[..., StatisticsAccumulator]:
    """Return a worker that is interrupted after a number of shards."""
    real, done = module._accumulate_shard, [0]

    def work(*arguments: Any) -> StatisticsAccumulator:
        done[0] += 1
        if done[0] > shards:
            raise KeyboardInterrupt
        return real(*arguments)

    return work


def test_interrupted_pass_resumes_with_identical_bits(
    tasks: list[ImageTask], audited: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, checkpoint = accumulate_statistics(tasks, INPUT_SPEC, audited), tmp_path / "work" / "explore.npz"
    monkeypatch.setattr(module, "_MIN_SHARD_SIZE", 8)
    whole_small = accumulate_statistics(tasks, INPUT_SPEC, audited)
    for _ in range(3):
        with monkeypatch.context() as patch:
            patch.setattr(module, "_accumulate_shard", _interrupt_after(2))
            with pytest.raises(KeyboardInterrupt):
                accumulate_statistics(tasks, INPUT_SPEC, audited, checkpoint=checkpoint)
        assert checkpoint.is_file()
    remaining = len(module._make_shards(tasks)) - 6
    worker = _interrupt_after(remaining)
    monkeypatch.setattr(module, "_accumulate_shard", worker)
    _assert_same(accumulate_statistics(tasks, INPUT_SPEC, audited, checkpoint=checkpoint), whole_small)
    assert not checkpoint.exists()
    assert len(whole.feature_rows) == len(whole_small.feature_rows)


def test_checkpoint_of_another_data_set_is_ignored(tasks: list[ImageTask], audited: Settings, tmp_path: Path) -> None:
    checkpoint = tmp_path / "explore.npz"
    accumulate_statistics(tasks[:20], INPUT_SPEC, audited).save(
        checkpoint, {"fingerprint": "of another set", "done": 1}
    )
    _assert_same(
        accumulate_statistics(tasks, INPUT_SPEC, audited, checkpoint=checkpoint),
        accumulate_statistics(tasks, INPUT_SPEC, audited),
    )


@pytest.mark.parametrize("content", [b"", b"cut short", b"PK\x03\x04 and then nothing"])
def test_damaged_checkpoint_is_ignored(
    tasks: list[ImageTask], audited: Settings, tmp_path: Path, content: bytes
) -> None:
    checkpoint = tmp_path / "explore.npz"
    checkpoint.write_bytes(content)
    assert len(accumulate_statistics(tasks[:10], INPUT_SPEC, audited, checkpoint=checkpoint).feature_rows) == 10


def test_altered_image_is_named(tasks: list[ImageTask], audited: Settings) -> None:
    changed = ImageTask(**{name: getattr(tasks[0], name) for name in ImageTask.__slots__} | {"sha256": "0" * 64})
    with pytest.raises(DatasetError, match=f"{tasks[0].path}.*altered"):
        accumulate_statistics([changed], INPUT_SPEC, audited)


def test_missing_image_is_named(tasks: list[ImageTask], audited: Settings, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=f"{tasks[0].path}.*fetch"):
        accumulate_statistics(tasks, INPUT_SPEC, audited.model_copy(update={"inputs": tmp_path}))


def test_mask_is_transformed_like_its_scan(audited: Settings, manifest: pd.DataFrame) -> None:
    scan = read_scan(audited.dataset / manifest["path"].iloc[0])
    bright = scan.to_uint8() > 60
    pixels, geometry = crop_and_resize(scan.to_uint8(), INPUT_SPEC)
    mask = geometry.mask_to_input(bright)
    assert mask.shape == pixels.shape
    assert (mask == (pixels > 60)).mean() > 0.93
