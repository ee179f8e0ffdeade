"""Origin readings: of every test scan, how much a network's features speak for one collection against another."""

from typing import Any, Final

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.evaluation.counterfactual import hosted_counterfactuals
from braintumor.evaluation.origin import FOLDS, readings
from braintumor.imaging import to_batch
from braintumor.models.masked import served
from braintumor.models.recipe import Recipe
from braintumor.training.data import TrainingData
from braintumor.vocabulary import HEALTHY_INDEX, Split

_OTHER: Final = "figshare-cheng"
# Where it is read: what the class head reads, and the averages of the encoder's stages that novelty is told by.
LAYERS: Final = ("head", "stages")
# What is asked, and of which origin: among all scans, where the label gives it away; among tumours; and among tumours
# of which some were planted into healthy slices of the other collection.
QUESTIONS: Final = {"br35h": "br35h", "sartaj": "sartaj", "planted": "br35h"}


def origin_readings(network: Any, recipe: Recipe, data: TrainingData) -> pd.DataFrame:
    """What a regression that saw nothing of a scan's group reads of its origin.

    Returns
    -------
    DataFrame
        A row per scan of the test split and per slice of it with a planted tumour: `path`, `group`, `origin` (of the
        frame), `planted`, and under `<question>@<layer>` how much its features speak for the origin asked about,
        empty where it is not asked about.
    """
    rows, frames, planted = _scans(data)
    table = data.manifest.iloc[rows][["path", "group", "origin"]].reset_index(drop=True).assign(planted=planted)
    graph = keras.Model(
        network.input, {"head": network.get_layer("features").output, "stages": served(network).output["features"]}
    )
    found = graph.predict(to_batch(frames, recipe.input.contract()), batch_size=64, verbose=0)
    groups, origin = table["group"].to_numpy(object), table["origin"].to_numpy(object)
    tumor = planted | (data.labels[rows] != HEALTHY_INDEX)
    asked = {"br35h": ~planted, "sartaj": ~planted & tumor, "planted": tumor}
    for question, name in QUESTIONS.items():
        used = asked[question] & np.isin(origin, (name, _OTHER))
        truth = origin == name
        if min(len(set(groups[used & part])) for part in (truth, ~truth)) < FOLDS:
            continue
        for layer in LAYERS:
            scores = np.full(len(rows), np.nan)
            scores[used] = readings(found[layer][used], truth[used], groups[used])
            table[f"{question}@{layer}"] = scores
    return table


def _scans(data: TrainingData) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.bool_]]:
    """Rows and frames of the test split, and of its slices with a planted tumour, and which are those."""
    rows = data.rows(Split.TEST)
    frames, planted = data.frames[rows], np.zeros(len(rows), bool)
    if data.masks is None:
        return rows, frames, planted
    made, is_tumor, hosts = hosted_counterfactuals(data, Split.TEST)
    made, hosts = made[is_tumor], hosts[is_tumor]
    return np.append(rows, hosts), np.concatenate([frames, made]), np.append(planted, np.ones(len(hosts), bool))
