"""Compare backbones for a model of several sources by leave-one-source-out; prints a Markdown table.

The frozen features of each backbone, averaged over the slice, get a class layer by logistic regression, as `v5` does,
without the sources of one fold of its recipe. The table has the area under the ROC curve of the held-out sources, and
of the Kaggle validation split. Run with `BRAINTUMOR_WEIGHTS_DIR` set to a folder with the ImageNet weights.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from braintumor.enums import Protocol
from braintumor.models.builder import build_model
from braintumor.models.initial_weights import load_initial_weights
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.training.inputs.data import TrainingData
from braintumor.training.inputs.load import load_data
from braintumor.training.inputs.sampling import equal_source_weights
from scripts.held_out_scores import (
    TUMOR_FREE_LABELS,
    Features,
    HeldOutScore,
    compute_features,
    score_held_out,
    select_brain_slices,
    table_head,
)

_VERSION: Final = "v5"
_INVERSE_PENALTIES: Final = (5e-4, 5e-3, 5e-2)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Backbone:
    title: str
    changes: dict[str, Any]


_BACKBONES: Final = (
    _Backbone("network of v4", {}),
    _Backbone("MobileNet 0.75, ImageNet", {"weights": "imagenet"}),
    *(
        _Backbone(f"EfficientNet-{size}, ImageNet", {"architecture": architecture, "weights": "imagenet"})
        for size in ("Lite0", "Lite1", "Lite2")
        for architecture in [f"multitask_efficientnet_{size.lower()}"]
    ),
)


def compare_backbones() -> Iterator[str]:
    """Yield the lines of the table, one backbone at a time."""
    recipe = load_recipe(_VERSION)
    data = select_brain_slices(load_data(recipe, Protocol.GROUP, with_masks=False))
    yield table_head("Backbone", "Penalty")
    for backbone in _BACKBONES:
        features = _compute_features(recipe.model_copy(update=backbone.changes), data)
        for penalty in _INVERSE_PENALTIES:
            score = _score(features, data, recipe, penalty)
            yield f"| {backbone.title} | {penalty:g} | {score.cells()}"


def _compute_features(recipe: Recipe, data: TrainingData) -> Features:
    """Return the last encoder stage of every image, averaged over the slice."""
    network = build_model(recipe, "float32")
    load_initial_weights(network, recipe)
    mean = keras.layers.GlobalAveragePooling2D()(network.get_layer("deep").output)
    return compute_features(keras.Model(network.input, mean), data.upright_inputs(np.arange(len(data.labels))))


def _score(features: Features, data: TrainingData, recipe: Recipe, penalty: float) -> HeldOutScore:
    """Score a regression that predicts only tumour or no tumour; see `score_held_out`."""
    is_tumor = ~data.manifest["label"].isin(TUMOR_FREE_LABELS).to_numpy()

    def predict(rows: NDArray[np.int64]) -> Floats:
        weights = equal_source_weights(data.manifest.iloc[rows]) * len(rows)
        mean, scale = features[rows].mean(axis=0), features[rows].std(axis=0) + 1e-4
        values = (features - mean) / scale
        regression = LogisticRegression(C=penalty, max_iter=300)
        regression.fit(values[rows], is_tumor[rows], sample_weight=weights)
        return np.asarray(regression.predict_proba(values)[:, 1])

    return score_held_out(data, recipe, predict)


if __name__ == "__main__":
    for line in compare_backbones():
        print(line, flush=True)
