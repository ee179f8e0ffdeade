"""The two ways of feeding a training, each run in a process of its own: ours, and the original project's.

Both fit the network of the recipe v1, one as it is written here and one as it was, on the same folder of images with
the same ranges of augmentation, and say how long an epoch took once the network was warm.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.baseline.ways import DONE, FIRST, peak_megabytes, say
from braintumor.enums import CLASS_NAMES, Split
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.settings import get_settings

VERSION: Final = "v1"
DECODING: Final = "decoding"
_STEPS_TO_WARM: Final = 2


def ours(inputs: str, precision: str = "") -> None:
    """Train as `braintumor train v1` does: decode once, then two epochs, the second of which is timed.

    With `precision`, compute in that instead of what the recipe says. Nothing but a single image is validated on.
    """
    from braintumor.datasets.catalog import build_file_table
    from braintumor.models.initial_weights import InitialWeights
    from braintumor.training.checkpoint import Checkpoints
    from braintumor.training.data import TrainingData
    from braintumor.training.distillation import AuxiliaryObjectives
    from braintumor.training.frame_cache import load_model_inputs
    from braintumor.training.trainer import train_epochs

    recipe = _recipe(precision)
    with tempfile.TemporaryDirectory(prefix="braintumor-") as folder:
        settings = get_settings().model_copy(update={"inputs": Path(inputs), "cache": Path(folder)})
        manifest = build_file_table(settings.dataset)
        manifest["label"] = manifest["path"].str.split("/").str[1]
        manifest["split"] = [str(Split.VALIDATION), *[str(Split.TRAIN)] * (len(manifest) - 1)]
        started = time.perf_counter()
        frames = load_model_inputs(manifest, recipe.input.to_input_spec(), settings)
        decoding = time.perf_counter() - started
        labels = np.array([CLASS_NAMES.index(label) for label in manifest["label"]], np.int64)
        data = TrainingData(manifest, frames, labels)
        say(FIRST)
        start, aims = (
            InitialWeights.from_recipe(recipe, "none"),
            AuxiliaryObjectives.from_recipe(recipe, data, settings),
        )
        history = train_epochs(recipe, data, Checkpoints(Path(folder, "work"), {}), start, aims)
    shown = (len(manifest) - 1) * recipe.fit.repeats_per_epoch
    _done(float(history["seconds"].iloc[-1]) * len(manifest) / shown, decoding)


def original(inputs: str) -> None:
    """Train from `ImageDataGenerator.flow_from_directory`: a few steps to warm up, then an epoch that is timed."""
    import keras
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    recipe = _recipe("float32")
    ranges, size = recipe.augmentation, (recipe.input.height, recipe.input.width)
    generator = ImageDataGenerator(
        rescale=1 / 255, rotation_range=ranges.rotation, width_shift_range=ranges.shift,
        height_shift_range=ranges.shift, shear_range=ranges.shear, zoom_range=ranges.zoom,
        brightness_range=ranges.brightness, horizontal_flip=ranges.horizontal_flip,
    )  # fmt: skip
    folder = get_settings().model_copy(update={"inputs": Path(inputs)}).dataset / "Training"
    flow = generator.flow_from_directory(
        folder, target_size=size, batch_size=recipe.fit.batch_size, class_mode="categorical", seed=recipe.seed
    )
    network = original_network(size)
    network.compile(keras.optimizers.Adam(recipe.fit.learning_rate), recipe.fit.loss, metrics=["accuracy"])
    network.fit(flow, steps_per_epoch=_STEPS_TO_WARM, verbose=0)
    say(FIRST)
    started = time.perf_counter()
    network.fit(flow, verbose=0)
    _done(time.perf_counter() - started, 0.0)


def original_network(size: tuple[int, int]) -> Any:
    """The network of v1 as the original project wrote it, for frames (height, width) in three channels."""
    from keras import Input, Sequential
    from keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D

    steps: list[Any] = [Input((*size, 3))]
    for filters in (32, 64, 128):
        steps += [Conv2D(filters, 4, activation="relu"), MaxPooling2D(3)]
    steps += [Conv2D(128, 4, activation="relu"), Flatten(), Dense(512, activation="relu"), Dropout(0.5)]
    return Sequential([*steps, Dense(len(CLASS_NAMES), activation="softmax")])


def _recipe(precision: str) -> Recipe:
    """The recipe for two epochs, in another precision where one is named."""
    recipe = load_recipe(VERSION)
    changes = {"epochs": 2} | ({"precision": precision} if precision else {})
    return recipe.model_copy(update={"fit": recipe.fit.model_copy(update=changes)})


def _done(seconds: float, decoding: float) -> None:
    stages = {DECODING: {"seconds": decoding}}
    say(DONE + json.dumps({"seconds": seconds, "peak_megabytes": peak_megabytes(), "stages_ms": stages}))
