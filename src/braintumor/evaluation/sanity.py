"""Sanity of explanations: a map has to change with the weights, and what it points at has to matter."""

import os
from collections.abc import Iterator
from typing import Any, Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from braintumor.evaluation.entries import means
from braintumor.evaluation.perturbation import STEPS, blurred, perturbation
from braintumor.evaluation.robustness import dealt
from braintumor.evaluation.subject import Findings, NotMeasurableError, Subject
from braintumor.imaging import to_batch
from braintumor.inference.verdict import tumor_probability
from braintumor.vocabulary import HEALTHY_INDEX, TUMOR_INDICES

Floats = NDArray[np.float64]
Frames = NDArray[np.uint8]

SCANS: Final = 60
SEED: Final = 0
CUTS: Final = 10  # how often the maps are looked at while layer after layer is randomized


def measure_sanity(subject: Subject, scans: int = SCANS) -> Findings:
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
    if subject.test.outputs.maps is None:
        raise NotMeasurableError("This version gives no class map.")
    if not subject.detector.artifact.path("model.keras").is_file():
        raise NotMeasurableError("There is no model.keras, whose weights could be randomized.")
    ill = np.flatnonzero(subject.test.labels != HEALTHY_INDEX)
    rows = ill[dealt(subject.test.groups[ill], scans, SEED)]
    frames, labels = subject.data.frames[subject.test_rows[rows]], subject.test.labels[rows]
    # The map of any tumour is the same whatever its kind, and is kept under the first of them.
    answers = labels if subject.card.decision is None else np.full_like(labels, TUMOR_INDICES[0])
    maps = subject.test.outputs.maps[rows, answers].astype(np.float64)
    columns, curves = _perturbed(subject, frames, answers, maps)
    agreement = _randomized(subject, frames, answers)
    curves["randomized"] = {"share": list(agreement)} | {
        name: [float(np.nanmean(step[name])) for step in agreement.values()] for name in next(iter(agreement.values()))
    }
    columns |= {f"{n}@randomized:100": values for n, values in agreement[1.0].items()}
    facts = {"scans": len(rows), "seed": SEED}
    return Findings(means(columns, subject.test.groups[rows], labels, subject.replicates), curves, facts)


def _randomized(subject: Subject, frames: Frames, labels: NDArray[np.int64]) -> dict[float, dict[str, Floats]]:
    """Agreement of every scan's map and mask with those of the trained network, by share of layers randomized."""
    import keras

    from braintumor.models.saved import load_network

    trained = load_network(subject.detector.artifact.path("model.keras"))
    keras.utils.set_random_seed(SEED)
    random = keras.models.clone_model(trained)
    batch = to_batch(frames, subject.card.contract)
    found: dict[float, dict[str, Floats]] = {}
    before: dict[str, Floats] = {}
    for share in randomized_top_down(trained, random):
        said = _say(trained, batch, labels)
        before = before or said
        found[share] = {f"{n}_agreement": rank_correlation(before[n], said[n]) for n in said}
    return found


def randomized_top_down(trained: Any, random: Any) -> Iterator[float]:
    """Give layer after layer of a network the weights of an untrained one, from the answer to the image.

    Yields
    ------
    float
        Share of the layers with weights that are random by now: 0 first, 1 last, and some between.
    """
    pairs = [(layer, random.get_layer(layer.name)) for layer in reversed(trained.layers) if layer.weights]
    stops = {round(cut * len(pairs) / CUTS) for cut in range(CUTS + 1)}
    yield 0.0
    for done, (old, new) in enumerate(pairs, start=1):
        old.set_weights(new.get_weights())
        if done in stops:
            yield done / len(pairs)


def _say(model: Any, batch: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, Floats]:
    """Class map, and mask where there is one, of each image, by the graph that is exported."""
    from braintumor.models.answering import answering

    said = {name: np.asarray(value) for name, value in answering(model)(batch, training=False).items()}
    found = {"map": said["maps"][np.arange(len(labels)), labels]}
    return found | ({"mask": said["mask"]} if "mask" in said else {})


def rank_correlation(one: Floats, other: Floats) -> Floats:
    """Spearman's correlation of maps (n, rows, columns), pair by pair; 0 where one is flat and ranks nothing."""
    ranks = [rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (one, other)]
    centred = [r - r.mean(axis=1, keepdims=True) for r in ranks]
    scale = np.sqrt(np.prod([np.square(c).sum(axis=1) for c in centred], axis=0))
    return np.divide((centred[0] * centred[1]).sum(axis=1), scale, out=np.zeros(len(one)), where=scale > 0)


def _chance(subject: Subject, frames: Frames, labels: NDArray[np.int64]) -> Floats:
    """Probability of each scan's class, or of tumour where kinds are not told apart."""
    probabilities = subject.say(frames)[1]
    if subject.card.decision is None:
        return probabilities[np.arange(len(labels)), labels]
    return tumor_probability(probabilities)


def _perturbed(
    subject: Subject, frames: Frames, labels: NDArray[np.int64], maps: Floats
) -> tuple[dict[str, Floats], dict[str, dict[str, list[float]]]]:
    generator = np.random.default_rng(SEED)
    flat = maps.reshape(len(maps), -1)
    orders = {"": maps, "@order:random": generator.permuted(flat, axis=1).reshape(maps.shape)}
    columns: dict[str, Floats] = {}
    curves: dict[str, dict[str, list[float]]] = {}
    for name, start in (("deletion", np.zeros_like), ("insertion", blurred)):
        curves[name] = {"share": np.linspace(0, 1, STEPS + 1).tolist()}
        for order, ranking in orders.items():
            steps = perturbation(frames, ranking, start, reverse=name == "insertion", extent=subject.card.map_extent)
            said = np.stack([_chance(subject, step, labels) for step in steps], axis=1)
            columns[f"{name}{order}"] = np.asarray(np.trapezoid(said, dx=1 / STEPS, axis=1))
            curves[name]["random" if order else "map"] = said.mean(axis=0).round(5).tolist()
    columns["deletion_gain"] = columns["deletion@order:random"] - columns["deletion"]
    columns["insertion_gain"] = columns["insertion"] - columns["insertion@order:random"]
    return columns, curves
