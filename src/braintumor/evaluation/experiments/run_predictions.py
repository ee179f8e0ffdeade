"""Predictions of one ablation run on the test split and the external tumours."""

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.enums import CLASS_NAMES, EXTERNAL_SPLIT, TUMOR_LABEL, Split
from braintumor.errors import ScanError
from braintumor.evaluation.external_set import (
    EXTERNAL_FOLDER,
    has_external_set,
    index_external_images,
    select_new_tumors,
)
from braintumor.evaluation.metrics.segmentation import localization_metrics
from braintumor.imaging import preprocess, read_scan, to_batch
from braintumor.inference.outputs import Outputs
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.inputs.data import TrainingData

_BATCH_SIZE: Final = 64


def predict_test_and_external(network: Any, recipe: Recipe, data: TrainingData, settings: Settings) -> pd.DataFrame:
    """Predict the test split and the new external tumours.

    Returns
    -------
    DataFrame
        One row per scan, external tumours with the label `tumor`: `set`, `path`, `group`, `label`, the probabilities of
        the class head under the names of the classes, and `pointed`: whether the highest value of the mask, or of the
        heat map without a mask loss, lies inside the tumour (empty without a reference mask).
    """
    rows = data.split_rows(Split.TEST)
    outputs, probabilities = _predict(network, data.model_inputs[rows], recipe)
    table = data.manifest.iloc[rows][["path", "group", "label"]].reset_index(drop=True)
    table = table.assign(set=str(Split.TEST), **_probability_columns(probabilities))
    if data.masks is not None:
        metrics = localization_metrics(outputs, data.masks[rows], data.labels[rows])
        table["pointed"] = metrics["pointing_game" if recipe.mask and recipe.mask.weight else "map_pointing_game"]
    external = _load_external(data.manifest, recipe, settings)
    if external is None:
        return table
    external_table, model_inputs = external
    _, probabilities = _predict(network, model_inputs, recipe)
    return pd.concat([table, external_table.assign(**_probability_columns(probabilities))], ignore_index=True)


def _predict(network: Any, model_inputs: NDArray[np.uint8], recipe: Recipe) -> tuple[Outputs, NDArray[np.float32]]:
    outputs = network.predict(to_batch(model_inputs, recipe.input.to_input_spec()), batch_size=_BATCH_SIZE, verbose=0)
    arrays = {name: np.asarray(values) for name, values in outputs.items()}
    return Outputs(arrays["logits"], arrays["maps"], arrays["mask"]), arrays["probabilities"]


def _probability_columns(probabilities: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    return {name: probabilities[:, i] for i, name in enumerate(CLASS_NAMES)}


def _load_external(
    manifest: pd.DataFrame, recipe: Recipe, settings: Settings
) -> tuple[pd.DataFrame, NDArray[np.uint8]] | None:
    if not has_external_set(settings):
        return None
    rows, model_inputs = [], []
    for image in select_new_tumors(index_external_images(manifest, settings)).itertuples():
        try:
            scan = read_scan(settings.inputs / EXTERNAL_FOLDER / str(image.path), settings=settings)
        except ScanError:
            continue
        rows.append({"set": EXTERNAL_SPLIT, "path": image.path, "group": image.group, "label": TUMOR_LABEL})
        model_inputs.append(preprocess(scan, recipe.input.to_input_spec())[0])
    return (pd.DataFrame(rows), np.stack(model_inputs)) if rows else None
