"""Explanation sanity checks: top-down randomization and rank correlation."""

import numpy as np
import pytest

from braintumor.evaluation.stress_test.explanation_sanity import randomize_top_down, rank_correlation


def test_layers_are_randomized_from_output_to_input() -> None:
    import keras
    from keras import layers

    def build_network() -> keras.Model:
        image = keras.Input((8, 8, 1))
        values = layers.Conv2D(2, 3, name="first")(image)
        values = layers.Conv2D(2, 3, name="second")(values)
        return keras.Model(image, layers.Dense(2, name="answer")(layers.GlobalAveragePooling2D()(values)))

    trained, untrained = build_network(), build_network()
    original_weights = {name: trained.get_layer(name).get_weights()[0].copy() for name in ("first", "second", "answer")}
    changed = []
    for share in randomize_top_down(trained, untrained):
        is_changed = {
            name: not np.array_equal(original_weights[name], trained.get_layer(name).get_weights()[0])
            for name in original_weights
        }
        changed.append((round(share, 2), [name for name, differs in is_changed.items() if differs]))
    assert changed == [
        (0.0, []), (0.33, ["answer"]), (0.67, ["second", "answer"]), (1.0, ["first", "second", "answer"]),
    ]  # fmt: skip


def test_rank_correlation_of_equal_reversed_and_constant_maps() -> None:
    maps = np.random.default_rng(0).random((3, 5, 5))
    assert rank_correlation(maps, maps**3) == pytest.approx([1, 1, 1])
    assert rank_correlation(maps, -maps) == pytest.approx([-1, -1, -1])
    assert rank_correlation(maps, np.zeros_like(maps)) == pytest.approx([0, 0, 0])
