"""Train a network for each fold of a recipe, and collect what the networks predict for the sources they lack."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.external.manifest import read_external_manifest
from braintumor.datasets.external.sets import allows_licence
from braintumor.enums import CLASSES, Protocol, Split
from braintumor.errors import ArtifactError, RecipeError
from braintumor.evaluation.calibration.fit_ood import fit_ood_reference
from braintumor.evaluation.calibration.out_of_fold import (
    LOGIT_COLUMNS,
    SLICE_COLUMNS,
    reduce_outputs,
    write_out_of_fold,
)
from braintumor.inference.detector import Detector
from braintumor.inference.input_check.ood import feature_vector
from braintumor.inference.model_card import EVALUATION_FILE, OUT_OF_FOLD_FILE, read_card
from braintumor.inference.onnx_model import iter_batches
from braintumor.inference.outputs import Outputs
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.models.recipe_fields import FoldsRecipe
from braintumor.settings import Settings, get_settings
from braintumor.text import join_words
from braintumor.training.inputs.data import TrainingData
from braintumor.training.inputs.load import load_data

_BATCH_SIZE: Final = 32


def train_folds(version: str, settings: Settings | None = None, *, restart: bool = False) -> Iterator[str]:
    """Train the folds of a recipe, write `out_of_fold.csv` of its version, and yield a line per fold.

    Networks are written to `outputs/runs/<version>`; interrupted trainings continue. Each network reads all slices of
    its left-out sources, and its validation split, with as many views as the version is served with.

    Parameters
    ----------
    version : str
        A version that is trained and evaluated.
    restart : bool
        Start again instead of continuing interrupted trainings.

    Raises
    ------
    ArtifactError
        The version is not evaluated yet.
    RecipeError
        The recipe has no folds, or names a source that is not among its training sets.
    DatasetError
        Images or the manifest of the external sets are missing.
    """
    settings = settings or get_settings()
    folds = _check_folds(version, load_recipe(version, settings), settings)
    folder = settings.outputs / version
    if not (folder / EVALUATION_FILE).is_file():
        raise ArtifactError(
            f"{version} is not evaluated yet, so it is not known whether mirrored views are averaged. Train it first: "
            f"braintumor train {version}"
        )
    tables = []
    for fold, sources in enumerate(folds.sources, start=1):
        tables.append(_train_fold(version, fold, sources, settings, restart=restart))
        yield f"{version}: fold {fold} of {len(folds.sources)} is trained without {join_words(sources)}."
    write_out_of_fold(folder, pd.concat(tables, ignore_index=True))
    yield f"{version}: {OUT_OF_FOLD_FILE} has {sum(len(table) for table in tables):,} rows."


def _check_folds(version: str, recipe: Recipe, settings: Settings) -> FoldsRecipe:
    """Return the folds of a recipe whose sources are all available."""
    if recipe.folds is None:
        raise RecipeError(f"The recipe of {version} has no section [folds]. Add one with `sources` and `epochs`.")
    manifest = read_external_manifest(settings)
    is_allowed = manifest["licence"].map(lambda licence: allows_licence(licence, recipe.licences)).astype(bool)
    available = set(manifest.loc[is_allowed, "origin"])
    if unknown := sorted(set(recipe.folds.names) - available):
        raise RecipeError(
            f"The folds of {version} hold out {', '.join(unknown)}, which its training set lacks (available: "
            f"{', '.join(sorted(available))}). Correct `sources` in [folds], or fetch the missing sets."
        )
    return recipe.folds


def _train_fold(
    version: str, fold: int, sources: tuple[str, ...], settings: Settings, *, restart: bool
) -> pd.DataFrame:
    """Train and export the network of a fold, and return its rows of the table."""
    # TensorFlow takes seconds to load, and mistakes in a recipe should show at once.
    from braintumor.training.export import export_model
    from braintumor.training.train import train

    name = train(version, fold=fold, restart=restart, settings=settings)
    export_model(name, settings)
    data = load_data(Recipe(**read_card(name, settings).recipe), Protocol.GROUP, settings, with_masks=False)
    views = read_card(version, settings).tta_views
    return predict_fold(data, sources, Detector.load(name, settings), views).assign(fold=fold)


def predict_fold(data: TrainingData, sources: tuple[str, ...], detector: Detector, views: int) -> pd.DataFrame:
    """Read the left-out sources and the validation split of a fold.

    Parameters
    ----------
    data : TrainingData
        Of the fold: none of the sources in its training or validation split.
    views : int
        Views averaged per slice.

    Returns
    -------
    DataFrame
        The columns of `read_out_of_fold` without `fold`.
    """
    is_left_out = data.manifest["origin"].isin(sources).to_numpy()
    rows = np.concatenate([np.flatnonzero(is_left_out), data.split_rows(Split.VALIDATION)])
    outputs = _infer(detector, data.model_inputs[rows], views)
    table = data.manifest.iloc[rows][list(SLICE_COLUMNS)].reset_index(drop=True)
    table = table.assign(is_left_out=is_left_out[rows], mask_log_odds=outputs.mask_log_odds())
    table[list(LOGIT_COLUMNS)] = outputs.logits
    if outputs.features is None:
        return table.assign(ood_distance=np.nan, ood_unusual_at=np.nan)
    features = feature_vector(outputs.features, data.model_inputs[rows])
    training = data.split_rows(Split.TRAIN)
    training_features = feature_vector(
        np.asarray(_infer(detector, data.model_inputs[training], 1).features), data.model_inputs[training]
    )
    reference = fit_ood_reference(training_features, features[~is_left_out[rows]])
    distances = reference.distances(features) / reference.reject_at
    return table.assign(ood_distance=distances, ood_unusual_at=reference.unusual_at / reference.reject_at)


def _infer(detector: Detector, model_inputs: NDArray[np.uint8], views: int) -> Outputs:
    """Run the network in batches, without keeping maps and masks."""
    batches = iter_batches(model_inputs, _BATCH_SIZE)
    outputs = [reduce_outputs(detector.infer(np.stack(batch), views)) for batch in batches]
    return Outputs.concat(outputs) if outputs else Outputs(np.empty((0, len(CLASSES)), np.float32))
