"""Sanity of explanations: a map has to change with the weights, and what it points at has to matter."""

import os
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy.stats import rankdata

from braintumor.enums import NO_TUMOR_INDEX, TUMOR_INDICES
from braintumor.evaluation.metrics.bootstrap import mean_with_ci
from braintumor.evaluation.stress_test.context import CheckResult, NotMeasurableError, StressTestContext
from braintumor.evaluation.stress_test.robustness import sample_across_groups
from braintumor.imaging import to_batch
from braintumor.imaging.geometry import Geometry, MapExtent
from braintumor.inference.decision import tumor_probability

Floats = NDArray[np.float64]
ModelInputs = NDArray[np.uint8]

PERTURBATION_STEPS: Final = 20  # shares of the frame that are taken away or put back
_BLUR_RADIUS: Final = 10.0  # pixels of the frame


def iter_perturbed(
    model_inputs: ModelInputs,
    ranking: Floats,
    make_baseline: Callable[[ModelInputs], ModelInputs],
    reverse: bool,
    extent: MapExtent | None = None,
) -> Iterator[ModelInputs]:
    """Frames with a growing share of their pixels, highest ranked first, taken away (or put back, with `reverse`).

    Parameters
    ----------
    frames : ndarray of uint8, shape (n, height, width)
    ranking : ndarray, shape (n, rows, columns)
        Maps over the frames, or over `extent`, a part of them (see `braintumor.imaging.geometry.Geometry`).
    start : callable
        Makes of frames what takes the place of the pixels that are gone.
    """
    size = (model_inputs.shape[2], model_inputs.shape[1])
    laid = Geometry(size, (0, 0, *size), (0, 0, *size), size)
    spread = np.stack([laid.resample_to_scan(r.astype(np.float32), extent=extent) for r in ranking])
    place = rankdata(-spread.reshape(len(model_inputs), -1), axis=1, method="ordinal").reshape(model_inputs.shape)
    empty = make_baseline(model_inputs)
    for share in np.linspace(0, 1, PERTURBATION_STEPS + 1):
        chosen = place <= share * model_inputs[0].size
        yield np.where(chosen, model_inputs, empty) if reverse else np.where(chosen, empty, model_inputs)


def blur(model_inputs: ModelInputs) -> ModelInputs:
    """Frames of which only coarse shapes are left: what insertion starts from."""
    return np.stack(
        [np.asarray(Image.fromarray(f).filter(ImageFilter.GaussianBlur(_BLUR_RADIUS))) for f in model_inputs]
    )


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


SCANS: Final = 60
SEED: Final = 0
RANDOMIZATION_STEPS: Final = 10  # how often the maps are looked at while layer after layer is randomized


def measure_explanation_sanity(context: StressTestContext, scans: int = SCANS) -> CheckResult:
    """Randomize the network from the top down, and delete and insert what the class map ranks, on tumour scans.

    Metrics: `map_agreement@randomized:100` and, where there is a mask, `mask_agreement@randomized:100`, rank
    correlation of the outputs before and after (Adebayo et al. 2018: it has to vanish), in percent of the layers with
    weights; `deletion` and `insertion`, areas under the probability of the scan's class (of tumour, where kinds are not
    told apart) as pixels go or come in the map's order (Petsiuk et al. 2018), `...@order:random` with the map's cells
    shuffled, and `deletion_gain` and `insertion_gain`, how much better the map's order is.

    Raises
    ------
    NotMeasurableError
        The version has no class map, or `model.keras` is not there.
    """
    if context.test_predictions.outputs.maps is None:
        raise NotMeasurableError("This version gives no class map.")
    if not context.detector.artifact.path("model.keras").is_file():
        raise NotMeasurableError("There is no model.keras, whose weights could be randomized.")
    ill = np.flatnonzero(context.test_predictions.labels != NO_TUMOR_INDEX)
    rows = ill[sample_across_groups(context.test_predictions.groups[ill], scans, SEED)]
    frames, labels = context.data.model_inputs[context.test_rows[rows]], context.test_predictions.labels[rows]
    # The map of any tumour is the same whatever its kind, and is kept under the first of them.
    answers = labels if context.card.binary_threshold is None else np.full_like(labels, TUMOR_INDICES[0])
    maps = context.test_predictions.outputs.maps[rows, answers].astype(np.float64)
    columns, curves = _perturbation_scores(context, frames, answers, maps)
    agreement = _randomization_agreement(context, frames, answers)
    curves["randomized"] = {"share": list(agreement)} | {
        name: [float(np.nanmean(step[name])) for step in agreement.values()] for name in next(iter(agreement.values()))
    }
    columns |= {f"{n}@randomized:100": values for n, values in agreement[1.0].items()}
    facts = {"scans": len(rows), "seed": SEED}
    return CheckResult(
        mean_with_ci(columns, context.test_predictions.groups[rows], labels, context.replicates), curves, facts
    )


def _randomization_agreement(
    context: StressTestContext, model_inputs: ModelInputs, labels: NDArray[np.int64]
) -> dict[float, dict[str, Floats]]:
    """Agreement of every scan's map and mask with those of the trained network, by share of layers randomized."""
    import keras

    from braintumor.models.builder import load_keras_model

    trained = load_keras_model(context.detector.artifact.path("model.keras"))
    keras.utils.set_random_seed(SEED)
    random = keras.models.clone_model(trained)
    batch = to_batch(model_inputs, context.card.input_spec)
    found: dict[float, dict[str, Floats]] = {}
    before: dict[str, Floats] = {}
    for share in randomize_top_down(trained, random):
        said = _predict_maps(trained, batch, labels)
        before = before or said
        found[share] = {f"{n}_agreement": rank_correlation(before[n], said[n]) for n in said}
    return found


def randomize_top_down(trained: Any, random: Any) -> Iterator[float]:
    """Give layer after layer of a network the weights of an untrained one, from the answer to the image.

    Yields
    ------
    float
        Share of the layers with weights that are random by now: 0 first, 1 last, and some between.
    """
    pairs = [(layer, random.get_layer(layer.name)) for layer in reversed(trained.layers) if layer.weights]
    stops = {round(cut * len(pairs) / RANDOMIZATION_STEPS) for cut in range(RANDOMIZATION_STEPS + 1)}
    yield 0.0
    for done, (old, new) in enumerate(pairs, start=1):
        old.set_weights(new.get_weights())
        if done in stops:
            yield done / len(pairs)


def _predict_maps(model: Any, batch: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, Floats]:
    """Class map, and mask where there is one, of each image, by the graph that is exported."""
    from braintumor.models.serving_graph import serving_graph

    said = {name: np.asarray(value) for name, value in serving_graph(model)(batch, training=False).items()}
    found = {"map": said["maps"][np.arange(len(labels)), labels]}
    return found | ({"mask": said["mask"]} if "mask" in said else {})


def rank_correlation(one: Floats, other: Floats) -> Floats:
    """Spearman's correlation of maps (n, rows, columns), pair by pair; 0 where one is flat and ranks nothing."""
    ranks = [rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (one, other)]
    centred = [r - r.mean(axis=1, keepdims=True) for r in ranks]
    scale = np.sqrt(np.prod([np.square(c).sum(axis=1) for c in centred], axis=0))
    return np.divide((centred[0] * centred[1]).sum(axis=1), scale, out=np.zeros(len(one)), where=scale > 0)


def _class_probability(context: StressTestContext, model_inputs: ModelInputs, labels: NDArray[np.int64]) -> Floats:
    """Probability of each scan's class, or of tumour where kinds are not told apart."""
    probabilities = context.predict(model_inputs)[1]
    if context.card.binary_threshold is None:
        return probabilities[np.arange(len(labels)), labels]
    return tumor_probability(probabilities)


def _perturbation_scores(
    context: StressTestContext, model_inputs: ModelInputs, labels: NDArray[np.int64], maps: Floats
) -> tuple[dict[str, Floats], dict[str, dict[str, list[float]]]]:
    generator = np.random.default_rng(SEED)
    flat = maps.reshape(len(maps), -1)
    orders = {"": maps, "@order:random": generator.permuted(flat, axis=1).reshape(maps.shape)}
    columns: dict[str, Floats] = {}
    curves: dict[str, dict[str, list[float]]] = {}
    for name, start in (("deletion", np.zeros_like), ("insertion", blur)):
        curves[name] = {"share": np.linspace(0, 1, PERTURBATION_STEPS + 1).tolist()}
        for order, ranking in orders.items():
            steps = iter_perturbed(
                model_inputs, ranking, start, reverse=name == "insertion", extent=context.card.map_extent
            )
            said = np.stack([_class_probability(context, step, labels) for step in steps], axis=1)
            columns[f"{name}{order}"] = np.asarray(np.trapezoid(said, dx=1 / PERTURBATION_STEPS, axis=1))
            curves[name]["random" if order else "map"] = said.mean(axis=0).round(5).tolist()
    columns["deletion_gain"] = columns["deletion@order:random"] - columns["deletion"]
    columns["insertion_gain"] = columns["insertion"] - columns["insertion@order:random"]
    return columns, curves
