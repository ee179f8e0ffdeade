"""Training by both methods, each in a separate process: with our input pipeline, and with the original one.

Both train the network of the recipe v1 on the same images with the same augmentation ranges, and report the duration
of an epoch after a warm-up.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.baseline.methods import DONE, FIRST, peak_megabytes, write_line
from braintumor.enums import CLASS_NAMES, Split
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.settings import get_settings

VERSION: Final = "v1"
DECODING: Final = "decoding"
_WARM_UP_STEPS: Final = 2


def ours(inputs: str, precision: str = "") -> None:
    """Train as `braintumor train v1` does: decode once, then train two epochs and time the second one.

    `precision` replaces that of the recipe. A single image serves as the validation set.
    """
    from braintumor.datasets.catalog import build_file_table
    from braintumor.models.initial_weights import InitialWeights
    from braintumor.training.checkpoint import Checkpoints
    from braintumor.training.distillation import AuxiliaryObjectives
    from braintumor.training.inputs.data import TrainingData
    from braintumor.training.inputs.input_cache import load_model_inputs
    from braintumor.training.trainer import train_epochs

    recipe = _load_recipe(precision)
    with tempfile.TemporaryDirectory(prefix="braintumor-") as folder:
        settings = get_settings().model_copy(update={"inputs": Path(inputs), "cache": Path(folder)})
        manifest = build_file_table(settings.dataset)
        manifest["label"] = manifest["path"].str.split("/").str[1]
        manifest["split"] = [str(Split.VALIDATION), *[str(Split.TRAIN)] * (len(manifest) - 1)]
        started = time.perf_counter()
        model_inputs = load_model_inputs(manifest, recipe.input.to_input_spec(), settings)
        decoding = time.perf_counter() - started
        labels = np.array([CLASS_NAMES.index(label) for label in manifest["label"]], np.int64)
        data = TrainingData(manifest, model_inputs, labels)
        write_line(FIRST)
        weights = InitialWeights.from_recipe(recipe, "none")
        objectives = AuxiliaryObjectives.from_recipe(recipe, data, settings)
        history = train_epochs(recipe, data, Checkpoints(Path(folder, "work"), {}), weights, objectives)
    samples = (len(manifest) - 1) * recipe.fit.repeats_per_epoch
    _report(float(history["seconds"].iloc[-1]) * len(manifest) / samples, decoding)


def original(inputs: str) -> None:
    """Train with `ImageDataGenerator.flow_from_directory`: a few warm-up steps, then a timed epoch."""
    import keras
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    recipe = _load_recipe("float32")
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
    network.fit(flow, steps_per_epoch=_WARM_UP_STEPS, verbose=0)
    write_line(FIRST)
    started = time.perf_counter()
    network.fit(flow, verbose=0)
    _report(time.perf_counter() - started, 0.0)


def original_network(size: tuple[int, int]) -> Any:
    """Return the network of v1 as in the original project, for inputs (height, width, 3)."""
    from keras import Input, Sequential
    from keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D

    layers: list[Any] = [Input((*size, 3))]
    for filters in (32, 64, 128):
        layers += [Conv2D(filters, 4, activation="relu"), MaxPooling2D(3)]
    layers += [Conv2D(128, 4, activation="relu"), Flatten(), Dense(512, activation="relu"), Dropout(0.5)]
    return Sequential([*layers, Dense(len(CLASS_NAMES), activation="softmax")])


def _load_recipe(precision: str) -> Recipe:
    """Load the recipe for two epochs, optionally with another precision."""
    recipe = load_recipe(VERSION)
    changes = {"epochs": 2} | ({"precision": precision} if precision else {})
    return recipe.model_copy(update={"fit": recipe.fit.model_copy(update=changes)})


def _report(seconds: float, decoding: float) -> None:
    stages = {DECODING: {"seconds": decoding}}
    write_line(DONE + json.dumps({"seconds": seconds, "peak_megabytes": peak_megabytes(), "stages_ms": stages}))
