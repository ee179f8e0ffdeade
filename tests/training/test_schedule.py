"""Schedule: the rules of Keras's callbacks, worked out from the history."""

import keras
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from braintumor.models.recipe import FitRecipe
from braintumor.training.schedule import best_epoch, learning_rate, should_stop

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
def test_learning_rate_and_stop_are_those_of_keras(values: list[float]) -> None:
    model = _Model()
    plateau = keras.callbacks.ReduceLROnPlateau(
        factor=FIT.plateau_factor, patience=FIT.plateau_patience, min_delta=0, min_lr=0
    )
    early = keras.callbacks.EarlyStopping(patience=FIT.early_stopping_patience)
    for callback in (plateau, early):
        callback.set_model(model)
        callback.on_train_begin()
    for epoch, loss in enumerate(values):
        rate = learning_rate(values[:epoch], FIT)
        assert np.isclose(rate, model.optimizer.learning_rate)
        for callback in (plateau, early):
            callback.on_epoch_end(epoch, {"val_loss": loss})
        assert should_stop(values[: epoch + 1], FIT) == model.stop_training
        if model.stop_training:
            return


def test_training_ends_after_the_last_epoch() -> None:
    falling = [1 / n for n in range(1, 26)]
    assert not should_stop(falling[:24], FIT)
    assert should_stop(falling, FIT)


def test_the_first_of_equal_losses_is_the_best() -> None:
    assert best_epoch([3.0, 1.0, 2.0, 1.0]) == 1
