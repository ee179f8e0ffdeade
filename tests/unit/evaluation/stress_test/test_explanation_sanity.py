"""Sanity: weights are replaced from the answer down, ranks are compared, and pixels go in the map's order."""

import numpy as np
import pytest

from braintumor.evaluation.stress_test.explanation_sanity import (
    PERTURBATION_STEPS,
    blur,
    iter_perturbed,
    randomize_top_down,
    rank_correlation,
)


def test_the_answer_loses_its_weights_first_and_the_stem_last() -> None:
    import keras
    from keras import layers

    def made() -> keras.Model:
        image = keras.Input((8, 8, 1))
        values = layers.Conv2D(2, 3, name="first")(image)
        values = layers.Conv2D(2, 3, name="second")(values)
        return keras.Model(image, layers.Dense(2, name="answer")(layers.GlobalAveragePooling2D()(values)))

    trained, random = made(), made()
    kept = {name: trained.get_layer(name).get_weights()[0].copy() for name in ("first", "second", "answer")}
    changed = []
    for share in randomize_top_down(trained, random):
        now = {n: not np.array_equal(kept[n], trained.get_layer(n).get_weights()[0]) for n in kept}
        changed.append((round(share, 2), [n for n, is_changed in now.items() if is_changed]))
    assert changed == [
        (0.0, []), (0.33, ["answer"]), (0.67, ["second", "answer"]), (1.0, ["first", "second", "answer"]),
    ]  # fmt: skip


def test_ranks_agree_with_themselves_and_oppose_their_reverse() -> None:
    maps = np.random.default_rng(0).random((3, 5, 5))
    assert rank_correlation(maps, maps**3) == pytest.approx([1, 1, 1])
    assert rank_correlation(maps, -maps) == pytest.approx([-1, -1, -1])
    assert rank_correlation(maps, np.zeros_like(maps)) == pytest.approx([0, 0, 0])


def test_what_the_map_ranks_highest_goes_first() -> None:
    frames = np.full((1, 20, 20), 100, np.uint8)
    ranking = np.zeros((1, 20, 20))
    ranking[0, 3, 4] = 1.0
    steps = list(iter_perturbed(frames, ranking, np.zeros_like, reverse=False))
    assert len(steps) == PERTURBATION_STEPS + 1
    assert (steps[0] == 100).all()
    assert steps[1][0, 3, 4] == 0
    assert [(step == 0).mean() for step in steps] == pytest.approx(np.linspace(0, 1, PERTURBATION_STEPS + 1))


def test_a_map_over_part_of_the_frame_ranks_the_pixels_it_lies_on() -> None:
    frames, ranking = np.full((1, 20, 20), 100, np.uint8), np.zeros((1, 2, 2))
    ranking[0, 0, 0] = 1.0
    first = list(iter_perturbed(frames, ranking, np.zeros_like, reverse=False, extent=(8.0, 8.0, 20.0, 20.0)))[1]
    gone = np.argwhere(first[0] == 0)
    assert len(gone) == 20
    assert gone.mean(axis=0) == pytest.approx([10.5, 10.5], abs=0.5)  # the middle of the first cell


def test_insertion_ends_with_the_whole_frame() -> None:
    frames = np.random.default_rng(1).integers(0, 255, (2, 20, 20), np.uint8)
    steps = list(iter_perturbed(frames, np.random.default_rng(2).random((2, 5, 5)), blur, reverse=True))
    assert np.array_equal(steps[0], blur(frames))
    assert np.array_equal(steps[-1], frames)
