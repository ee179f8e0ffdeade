"""Sanity checks of explanations: maps must change with the weights, and highlighted pixels must matter."""

import os
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from braintumor.enums import NO_TUMOR_INDEX, TUMOR_INDICES
from braintumor.evaluation.metrics.bootstrap import mean_with_ci
from braintumor.evaluation.sampling import sample_across_groups
from braintumor.evaluation.stress_test.context import CheckResult, NotMeasurableError, StressTestContext
from braintumor.evaluation.stress_test.perturbation import PERTURBATION_STEPS, blur, iter_perturbed
from braintumor.imaging import to_batch
from braintumor.inference.decision import tumor_probability
from braintumor.inference.model_card import KERAS_FILE

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

Floats = NDArray[np.float64]
ModelInputs = NDArray[np.uint8]

SCANS: Final = 60
SEED: Final = 0
RANDOMIZATION_STEPS: Final = 10  # how often maps are compared while layers are randomized


def measure_explanation_sanity(context: StressTestContext, scans: int = SCANS) -> CheckResult:
    """Randomize the network from the top down, and delete and insert pixels in the heat map's order, on tumour scans.

    Metrics: `map_agreement@randomized:100` and, with a mask, `mask_agreement@randomized:100`, the rank correlation of
    the outputs before and after randomizing 100% of the layers with weights (Adebayo et al. 2018; it should vanish);
    `deletion` and `insertion`, areas under the probability of the true class (of any tumour for a binary model) as
    pixels are removed or restored in the map's order (Petsiuk et al. 2018); `...@order:random` with the map's cells
    shuffled; `deletion_gain` and `insertion_gain`, the advantage of the map's order.

    Raises
    ------
    NotMeasurableError
        The model has no heat map, or `model.keras` is missing.
    """
    if context.test_predictions.outputs.maps is None:
        raise NotMeasurableError("This model has no heat map.")
    if not context.detector.artifact.path(KERAS_FILE).is_file():
        raise NotMeasurableError(f"{KERAS_FILE}, whose weights would be randomized, is missing.")
    tumor_rows = np.flatnonzero(context.test_predictions.labels != NO_TUMOR_INDEX)
    rows = tumor_rows[sample_across_groups(context.test_predictions.groups[tumor_rows], scans, SEED)]
    model_inputs, labels = context.data.model_inputs[context.test_rows[rows]], context.test_predictions.labels[rows]
    # A binary model has the same map for every tumour type, stored under the first.
    map_classes = labels if context.card.binary_threshold is None else np.full_like(labels, TUMOR_INDICES[0])
    maps = context.test_predictions.outputs.maps[rows, map_classes].astype(np.float64)
    columns, curves = _perturbation_scores(context, model_inputs, map_classes, maps)
    agreement = _randomization_agreement(context, model_inputs, map_classes)
    curves["randomized"] = {"share": list(agreement)} | {
        name: [float(np.nanmean(step[name])) for step in agreement.values()] for name in next(iter(agreement.values()))
    }
    columns |= {f"{name}@randomized:100": values for name, values in agreement[1.0].items()}
    facts = {"scans": len(rows), "seed": SEED}
    return CheckResult(
        mean_with_ci(columns, context.test_predictions.groups[rows], labels, context.replicates), curves, facts
    )


def _randomization_agreement(
    context: StressTestContext, model_inputs: ModelInputs, labels: NDArray[np.int64]
) -> dict[float, dict[str, Floats]]:
    """Compare every scan's map and mask with those of the trained network, by share of randomized layers."""
    import keras

    from braintumor.models.builder import load_keras_model

    trained = load_keras_model(context.detector.artifact.path(KERAS_FILE))
    keras.utils.set_random_seed(SEED)
    randomized = keras.models.clone_model(trained)
    batch = to_batch(model_inputs, context.card.input_spec)
    agreement: dict[float, dict[str, Floats]] = {}
    trained_maps: dict[str, Floats] = {}
    for share in randomize_top_down(trained, randomized):
        maps = _predict_maps(trained, batch, labels)
        trained_maps = trained_maps or maps
        agreement[share] = {f"{name}_agreement": rank_correlation(trained_maps[name], maps[name]) for name in maps}
    return agreement


def randomize_top_down(trained: Any, untrained: Any) -> Iterator[float]:
    """Copy the weights of an untrained network layer by layer, from output to input.

    Yields
    ------
    float
        Share of the layers with weights that are random: 0 first, 1 last, and some shares between.
    """
    layers = [layer for layer in reversed(trained.layers) if layer.weights]
    reported_counts = {round(step * len(layers) / RANDOMIZATION_STEPS) for step in range(RANDOMIZATION_STEPS + 1)}
    yield 0.0
    for count, layer in enumerate(layers, start=1):
        layer.set_weights(untrained.get_layer(layer.name).get_weights())
        if count in reported_counts:
            yield count / len(layers)


def _predict_maps(model: Any, batch: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, Floats]:
    """Compute each image's heat map, and mask if there is one, with the exported graph."""
    from braintumor.models.serving_graph import serving_graph

    outputs = {name: np.asarray(value) for name, value in serving_graph(model)(batch, training=False).items()}
    maps = {"map": outputs["maps"][np.arange(len(labels)), labels]}
    return maps | ({"mask": outputs["mask"]} if "mask" in outputs else {})


def rank_correlation(one: Floats, other: Floats) -> Floats:
    """Compute Spearman's correlation of maps (n, rows, columns) pair by pair; 0 if one of them is constant."""
    ranks = [rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (one, other)]
    centred = [r - r.mean(axis=1, keepdims=True) for r in ranks]
    scale = np.sqrt(np.prod([np.square(c).sum(axis=1) for c in centred], axis=0))
    return np.divide((centred[0] * centred[1]).sum(axis=1), scale, out=np.zeros(len(one)), where=scale > 0)


def _class_probability(context: StressTestContext, model_inputs: ModelInputs, labels: NDArray[np.int64]) -> Floats:
    """Compute the probability of each scan's class, or of any tumour for a binary model."""
    probabilities = context.predict(model_inputs)[1]
    if context.card.binary_threshold is None:
        return probabilities[np.arange(len(labels)), labels]
    return tumor_probability(probabilities)


def _perturbation_scores(
    context: StressTestContext, model_inputs: ModelInputs, labels: NDArray[np.int64], maps: Floats
) -> tuple[dict[str, Floats], dict[str, dict[str, list[float]]]]:
    generator = np.random.default_rng(SEED)
    cells = maps.reshape(len(maps), -1)
    orders = {"": maps, "@order:random": generator.permuted(cells, axis=1).reshape(maps.shape)}
    columns: dict[str, Floats] = {}
    curves: dict[str, dict[str, list[float]]] = {}
    for name, make_baseline in (("deletion", np.zeros_like), ("insertion", blur)):
        curves[name] = {"share": np.linspace(0, 1, PERTURBATION_STEPS + 1).tolist()}
        for order, ranking in orders.items():
            steps = iter_perturbed(
                model_inputs, ranking, make_baseline, reverse=name == "insertion", extent=context.card.map_extent
            )
            probabilities = np.stack([_class_probability(context, images, labels) for images in steps], axis=1)
            columns[f"{name}{order}"] = np.asarray(np.trapezoid(probabilities, dx=1 / PERTURBATION_STEPS, axis=1))
            curves[name]["random" if order else "map"] = probabilities.mean(axis=0).round(5).tolist()
    columns["deletion_gain"] = columns["deletion@order:random"] - columns["deletion"]
    columns["insertion_gain"] = columns["insertion"] - columns["insertion@order:random"]
    return columns, curves
