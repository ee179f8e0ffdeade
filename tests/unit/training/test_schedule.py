"""Schedules: equal to Keras's callbacks, and progressive sizes by epoch."""

import keras
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from braintumor.models.recipe import FitRecipe
from braintumor.training.schedule import best_epoch, input_size_at, next_learning_rate, selected_epoch, should_stop

FIT = FitRecipe(learning_rate=1e-3, epochs=25)


class _Optimizer:
    def __init__(self) -> None:
        self.learning_rate = FIT.learning_rate


class _Model:
    def __init__(self) -> None:
        self.optimizer = _Optimizer()
        self.stop_training = False

    def get_weights(self) -> list[np.ndarray]:
        return []


losses = st.lists(st.floats(0.01, 10, allow_nan=False).map(lambda x: round(x, 2)), min_size=1, max_size=24)


@given(losses)
def test_learning_rate_and_early_stopping_match_keras(values: list[float]) -> None:
    model = _Model()
    plateau = keras.callbacks.ReduceLROnPlateau(
        factor=FIT.plateau_factor, patience=FIT.plateau_patience, min_delta=0, min_lr=0
    )
    early = keras.callbacks.EarlyStopping(patience=FIT.early_stopping_patience)
    for callback in (plateau, early):
        callback.set_model(model)
        callback.on_train_begin()
    for epoch, loss in enumerate(values):
        rate = next_learning_rate(values[:epoch], FIT)
        assert np.isclose(rate, model.optimizer.learning_rate)
        for callback in (plateau, early):
            callback.on_epoch_end(epoch, {"val_loss": loss})
        assert should_stop(values[: epoch + 1], FIT) == model.stop_training
        if model.stop_training:
            return


def test_training_stops_after_the_last_epoch() -> None:
    falling = [1 / n for n in range(1, 26)]
    assert not should_stop(falling[:24], FIT)
    assert should_stop(falling, FIT)


def test_first_of_equal_losses_is_best() -> None:
    assert best_epoch([3.0, 1.0, 2.0, 1.0]) == 1


CYCLE = FitRecipe(learning_rate=2e-3, epochs=40, schedule="one_cycle", progressive_sizes=((0.45, 96), (0.82, 128)))


def test_one_cycle_rises_then_falls_to_one_hundredth() -> None:
    rates = [next_learning_rate([1.0] * epoch, CYCLE) for epoch in range(CYCLE.epochs)]
    top = int(np.argmax(rates))
    assert top == round(0.1 * CYCLE.epochs) - 1
    assert rates[top] == CYCLE.learning_rate
    assert (np.diff(rates[: top + 1]) > 0).all()
    assert (np.diff(rates[top:]) <= 0).all()
    assert np.isclose(rates[-1], 0.01 * CYCLE.learning_rate)


@given(st.integers(1, 200), st.lists(st.floats(0.01, 10, allow_nan=False), max_size=250))
def test_one_cycle_does_not_depend_on_losses(epochs: int, values: list[float]) -> None:
    fit = CYCLE.model_copy(update={"epochs": epochs})
    assert should_stop(values, fit) == (len(values) >= epochs)
    if len(values) < epochs:
        assert 0 < next_learning_rate(values, fit) <= fit.learning_rate
        assert next_learning_rate(values, fit) == next_learning_rate([1.0] * len(values), fit)


def test_one_cycle_selects_the_last_epoch_and_plateau_the_best() -> None:
    assert selected_epoch([3.0, 1.0, 2.0], CYCLE) == 3
    assert selected_epoch([3.0, 1.0, 2.0], FIT) == 2


def test_progressive_sizes_apply_by_epoch() -> None:
    sizes = [input_size_at(epoch, CYCLE, 160) for epoch in range(CYCLE.epochs)]
    assert sizes == [96] * 18 + [128] * 15 + [160] * 7
    assert input_size_at(0, FIT, 150) == 150
