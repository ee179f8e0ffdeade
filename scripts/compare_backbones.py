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
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from braintumor.datasets.catalog import KAGGLE
from braintumor.datasets.external.volume_slices import OUTSIDE, is_stripped_copy
from braintumor.enums import OTHER_LESION_LABEL, Protocol, Split, TumorClass
from braintumor.evaluation.source_folds.leave_one_source_out import source_areas
from braintumor.models.builder import build_model
from braintumor.models.initial_weights import load_initial_weights
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.training.inputs.data import TrainingData
from braintumor.training.inputs.load import load_data
from braintumor.training.inputs.sampling import equal_source_weights

_VERSION: Final = "v5"
_BATCH_SIZE: Final = 32
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
    data = load_data(recipe, Protocol.GROUP, with_masks=False)
    manifest = data.manifest
    is_used = (manifest["field"] != OUTSIDE) & ~manifest["path"].map(is_stripped_copy).astype(bool)
    data = data.select(np.flatnonzero(is_used.to_numpy()))
    yield "| Backbone | Penalty | Mean area of held-out sources | Lowest | Kaggle validation |"
    yield "| --- | --- | --- | --- | --- |"
    for backbone in _BACKBONES:
        features = _compute_features(recipe.model_copy(update=backbone.changes), data)
        for penalty in _INVERSE_PENALTIES:
            areas, kaggle = _score(features, data, recipe, penalty)
            lowest = min(areas, key=lambda name: areas[name])
            yield (
                f"| {backbone.title} | {penalty:g} | {np.mean(list(areas.values())):.3f} | "
                f"{areas[lowest]:.3f} ({lowest}) | {kaggle:.3f} |"
            )


def _compute_features(recipe: Recipe, data: TrainingData) -> NDArray[np.float32]:
    """Return the last encoder stage of every image, averaged over the slice."""
    network = build_model(recipe, "float32")
    load_initial_weights(network, recipe)
    mean = keras.layers.GlobalAveragePooling2D()(network.get_layer("deep").output)
    extractor = keras.Model(network.input, mean)
    parts = []
    for start in range(0, len(data.model_inputs), _BATCH_SIZE):
        batch = np.asarray(data.model_inputs[start : start + _BATCH_SIZE], np.float32) / 255.0
        parts.append(extractor.predict_on_batch(batch.reshape(len(batch), *network.input_shape[1:])))
    return np.concatenate(parts)


def _score(
    features: NDArray[np.float32], data: TrainingData, recipe: Recipe, penalty: float
) -> tuple[dict[str, float], float]:
    """Return the area of each held-out source, and the mean area of the networks on the Kaggle validation split."""
    manifest = data.manifest.reset_index(drop=True)
    free = manifest["label"].isin([str(TumorClass.NOTUMOR), OTHER_LESION_LABEL]).to_numpy()
    split = manifest["split"].to_numpy(object)
    is_kaggle_validation = (
        (split == Split.VALIDATION) & manifest["path"].str.startswith(f"{KAGGLE.folder}/")
    ).to_numpy()
    parts, kaggle = [], []
    for fold, sources in enumerate(recipe.folds.sources if recipe.folds else (), start=1):
        is_left_out = manifest["origin"].isin(sources).to_numpy()
        rows = np.flatnonzero((split == Split.TRAIN) & ~is_left_out)
        tumor = _fit_and_predict(features, ~free, rows, equal_source_weights(manifest.iloc[rows]), penalty)
        parts.append(manifest[is_left_out].assign(fold=fold, tumor_probability=tumor[is_left_out]))
        kaggle.append(roc_auc_score(~free[is_kaggle_validation], tumor[is_kaggle_validation]))
    areas = source_areas(pd.concat(parts, ignore_index=True), replicates=10)
    values = {name.split(":")[1]: float(entry["value"] or 0.0) for name, entry in areas.items()}
    return values, float(np.mean(kaggle))


def _fit_and_predict(
    features: NDArray[np.float32], is_tumor: NDArray[np.bool_], rows: NDArray[np.int64], weights: Floats, penalty: float
) -> Floats:
    mean, scale = features[rows].mean(axis=0), features[rows].std(axis=0) + 1e-4
    values = (features - mean) / scale
    regression = LogisticRegression(C=penalty, max_iter=300)
    regression.fit(values[rows], is_tumor[rows], sample_weight=weights * len(rows))
    return np.asarray(regression.predict_proba(values)[:, 1])


if __name__ == "__main__":
    for line in compare_backbones():
        print(line, flush=True)
