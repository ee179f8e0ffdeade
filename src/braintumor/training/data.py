"""What a training run sees: frames and labels by split, and a fingerprint that says which images they were."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.binary_set import load_binary_manifest
from braintumor.datasets.catalog import BINARY_SET
from braintumor.datasets.manifest import read_manifest
from braintumor.datasets.splits import assign_splits
from braintumor.enums import CLASS_NAMES, HOLDOUT_SPLIT, TUMOR_LABEL, UNKNOWN_TYPE_INDEX, Protocol, Split, TumorClass
from braintumor.errors import DatasetError
from braintumor.imaging import InputSpec
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings, get_settings
from braintumor.training.frame_cache import load_input_masks, load_model_inputs

# The comparison protocols are dealt anew, with one seed for all runs, so that they can be told apart by name alone.
COMPARISON_SEED = 0


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Images, labels and splits of one run.

    Attributes
    ----------
    manifest : DataFrame
        Rows in the order of `frames`, with `split` as the protocol deals it.
    frames : ndarray of uint8, shape (n, height, width)
    labels : ndarray of int64, shape (n,)
        Index into the fixed class order, or `UNKNOWN_KIND`.
    masks : ndarray of uint8, shape (n, height, width), optional
        One where there is tumour; read only where asked for.
    known : ndarray of bool, shape (n,), optional
        Where the mask is the truth.
    """

    manifest: pd.DataFrame
    model_inputs: NDArray[np.uint8]
    labels: NDArray[np.int64]
    masks: NDArray[np.uint8] | None = None
    mask_known: NDArray[np.bool_] | None = None

    def split_rows(self, split: Split | str) -> NDArray[np.int64]:
        """Row numbers of a split, or of `LEFT_OUT`."""
        return np.flatnonzero((self.manifest["split"] == str(split)).to_numpy())

    def select(self, indices: NDArray[np.int64]) -> "TrainingData":
        """Some of the images, in the order of `rows`."""
        masks = None if self.masks is None else self.masks[indices]
        known = None if self.mask_known is None else self.mask_known[indices]
        manifest = self.manifest.iloc[indices].reset_index(drop=True)
        return TrainingData(manifest, self.model_inputs[indices], self.labels[indices], masks, known)

    def fingerprint(self) -> str:
        """Hash over every image's content, label and split: equal only if the same was trained on."""
        return fingerprint_manifest(self.manifest)

    def count_images(self) -> dict[str, dict[str, int]]:
        """Images by split and class."""
        pairs = self.manifest[["split", "label"]].value_counts().to_dict()
        unsaid = (self.labels == UNKNOWN_TYPE_INDEX).any()
        names = (str(TumorClass.NOTUMOR), TUMOR_LABEL) if unsaid else CLASS_NAMES
        return {str(s): {c: int(pairs.get((str(s), c), 0)) for c in names} for s in Split}

    def count_groups(self) -> dict[str, int]:
        """Groups by split."""
        return {str(s): int(self.manifest["group"].iloc[self.split_rows(s)].nunique()) for s in Split}


def fingerprint_manifest(manifest: pd.DataFrame) -> str:
    """Hash over the content, label and split of every image of a manifest, in any order."""
    rows = manifest[["sha256", "label", "split"]].agg(",".join, axis=1).sort_values()
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def manifest_with_split(protocol: Protocol, settings: Settings | None = None) -> pd.DataFrame:
    """The manifest with `split` as the protocol deals it.

    Raises
    ------
    DatasetError
        There is no manifest, or it has not been split yet.
    """
    manifest = read_manifest(settings)
    if protocol is not Protocol.GROUP:
        return manifest.assign(split=assign_splits(manifest, protocol, COMPARISON_SEED))
    if (manifest["split"] == "").any():
        raise DatasetError("The images are not split yet. Run: braintumor data split")
    return manifest


def manifest_for_recipe(
    protocol: Protocol, settings: Settings | None = None, *, holdout_source: str = "", train_fraction: float = 1.0
) -> pd.DataFrame:
    """The manifest as a run sees it: dealt by the protocol, with what `load_training_data` says taken out of splits."""
    manifest = manifest_with_split(protocol, settings)
    if holdout_source:
        manifest = _hold_out_source(manifest, holdout_source)
    return _subsample_groups(manifest, train_fraction) if train_fraction < 1 else manifest


def load_data(
    recipe: Recipe, protocol: Protocol, settings: Settings | None = None, *, with_masks: bool | None = None
) -> TrainingData:
    """The images a recipe learns from and is judged on.

    Parameters
    ----------
    outlined : bool, optional
        Read tumour masks too; where the recipe has a mask by default.
    """
    contract = recipe.input.to_input_spec()
    if recipe.data == "yes-no":
        return load_binary_data(contract, protocol, settings)
    masks = recipe.mask is not None if with_masks is None else with_masks
    return load_training_data(
        contract,
        protocol,
        settings,
        with_masks=masks,
        holdout_source=recipe.leave_out,
        train_fraction=recipe.learn_from,
    )


def load_training_data(
    input_spec: InputSpec,
    protocol: Protocol = Protocol.GROUP,
    settings: Settings | None = None,
    *,
    with_masks: bool = False,
    holdout_source: str = "",
    train_fraction: float = 1.0,
) -> TrainingData:
    """Read (or make) the frames, and masks where asked for, and deal them by the protocol.

    Tumours of the origin `leave_out` go to a split of their own, and with them all that shares a group with one. Of
    the training groups of each class only the share `learn_from` is kept; a smaller share is part of a larger one.
    """
    settings = settings or get_settings()
    manifest = manifest_for_recipe(protocol, settings, holdout_source=holdout_source, train_fraction=train_fraction)
    labels = np.array([CLASS_NAMES.index(label) for label in manifest["label"]], np.int64)
    masks, known = load_input_masks(manifest, input_spec, settings) if with_masks else (None, None)
    return TrainingData(manifest, load_model_inputs(manifest, input_spec, settings), labels, masks, known)


def _subsample_groups(manifest: pd.DataFrame, fraction: float) -> pd.DataFrame:
    """Most training groups taken out of every split, at least one of each class left."""
    generator = np.random.default_rng(COMPARISON_SEED)
    training = manifest[manifest["split"] == str(Split.TRAIN)]
    kept: set[str] = set()
    for _, of_class in training.groupby("label"):
        names = generator.permutation(np.unique(of_class["group"].to_numpy(str)))
        kept.update(names[: max(1, round(fraction * len(names)))])
    dropped = (manifest["split"] == str(Split.TRAIN)) & ~manifest["group"].isin(kept)
    return manifest.assign(split=manifest["split"].mask(dropped, ""))


def _hold_out_source(manifest: pd.DataFrame, source: str) -> pd.DataFrame:
    is_left_out = (manifest["origin"] == source) & (manifest["label"] != str(TumorClass.NOTUMOR))
    if not is_left_out.any():
        raise DatasetError(f"No tumour is of the origin {source!r}; there are {sorted(set(manifest['origin']))}.")
    touched = manifest["group"].isin(manifest.loc[is_left_out, "group"])
    # Their near copies of other origins are in no split: they may neither teach nor be asked.
    split = manifest["split"].mask(touched, "").mask(is_left_out, HOLDOUT_SPLIT)
    return manifest.assign(split=split)


def load_binary_data(input_spec: InputSpec, protocol: Protocol, settings: Settings | None = None) -> TrainingData:
    """Read (or make) the frames of the yes/no set and deal them by the protocol, always in the same way.

    Labels are indices into the fixed class order for pictures without a tumour and `UNKNOWN_KIND` for those with one.

    Raises
    ------
    DatasetError
        The set is not there, or the protocol is `official`, which it has not.
    """
    settings = settings or get_settings()
    manifest = load_binary_manifest(protocol, settings, COMPARISON_SEED)
    numbers = {label: number for number, label in enumerate(CLASS_NAMES)}
    labels = np.array([numbers.get(label, UNKNOWN_TYPE_INDEX) for label in manifest["label"]], np.int64)
    return TrainingData(manifest, load_model_inputs(manifest, input_spec, settings, BINARY_SET), labels)
