"""Ensemble: run several trained models on the same scan and average their outputs."""

from collections.abc import Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.enums import CLASSES, TUMOR_INDICES, Task
from braintumor.errors import ArtifactError
from braintumor.imaging import InputSpec
from braintumor.inference.decision import tumor_log_odds
from braintumor.inference.model_card import MODEL_FILE, ModelCard
from braintumor.inference.onnx_model import OnnxModel
from braintumor.inference.outputs import Outputs
from braintumor.inference.registry import Artifact, load_artifact
from braintumor.settings import Settings

_TINY: Final = np.float32(1e-12)
Floats = NDArray[np.float32]


class Ensemble:
    """Several models whose outputs are averaged with the weights in the ensemble's card.

    Logits are divided by the member's temperature, then averaged (a logarithmic opinion pool, Genest and Zidek 1986:
    averaged logits are averaged log-probabilities up to a constant, which the softmax removes). For tumour or no
    tumour, the log-odds of tumour are averaged instead and spread evenly over the tumour classes. Evidence maps are
    resampled to one grid over the whole frame, each divided by its own maximum, because members measure evidence in
    different units. Mask and features come from the first member that has them.

    Parameters
    ----------
    card : ModelCard
        Card of the ensemble.
    models : sequence of OnnxModel
        One per member, in the same order.
    """

    def __init__(self, card: ModelCard, models: Sequence[OnnxModel]) -> None:
        self._card, self._models = card, models
        names = {name for model in models for name in model.outputs}
        self.outputs = [field.name for field in fields(Outputs) if field.name in names]

    @classmethod
    def load(cls, artifact: Artifact, settings: Settings) -> Self:
        """Load the members of an ensemble and check each file against its own card and the ensemble's.

        Raises
        ------
        ArtifactError
            A member is missing or altered, or is another model than the ensemble was built from.
        """
        version, models = artifact.card.version, []
        for member in artifact.card.members:
            try:
                own = load_artifact(member.version, settings)
                if own.card.files.get(MODEL_FILE) == member.sha256:
                    models.append(OnnxModel.load(own, settings.threads))
                    continue
            except ArtifactError as error:
                raise ArtifactError(f"{version} averages {member.version}, which cannot be loaded. {error}") from error
            raise ArtifactError(
                f"{version}: {member.version} is not the model that this ensemble was built from. "
                f"Build it again with: braintumor train {version}"
            )
        return cls(artifact.card, models)

    def run(self, batch: Floats) -> Outputs:
        """Return averaged outputs for model input (n, height, width, channels) of the ensemble."""
        results = [model.run(resize_input(batch, model.card.input_spec)) for model in self._models]
        return Outputs(
            self._average_logits([result.logits for result in results]),
            self._average_maps([result.maps for result in results]),
            next((result.mask for result in results if result.mask is not None), None),
            next((result.features for result in results if result.features is not None), None),
        )

    def _average_logits(self, logits: Sequence[Floats]) -> Floats:
        binary = self._card.task is Task.BINARY
        scores = [tumor_log_odds(values)[:, None].astype(np.float32) for values in logits] if binary else logits
        factors = [np.float32(member.weight / member.temperature) for member in self._card.members]
        average = np.zeros_like(scores[0])
        for values, factor in zip(scores, factors, strict=True):
            average += values * factor
        return _spread_evenly(average) if binary else average

    def _average_maps(self, maps: Sequence[Floats | None]) -> Floats | None:
        members = zip(maps, self._models, self._card.members, strict=True)
        mapped = [(values, model.card, member.weight) for values, model, member in members if values is not None]
        if not mapped:
            return None
        grid = max(values.shape[2] for values, _, _ in mapped), max(values.shape[3] for values, _, _ in mapped)
        average = np.zeros((len(mapped[0][0]), len(CLASSES), *grid), np.float32)
        total = sum(weight for _, _, weight in mapped)
        for values, card, weight in mapped:
            evidence = _merge_tumor_maps(values) if self._card.task is Task.BINARY else values
            peak = np.maximum(evidence.max(axis=(1, 2, 3), keepdims=True), _TINY)
            average += _place_on_grid(evidence / peak, card, grid) * np.float32(weight / total)
        return average


def resize_input(batch: Floats, input_spec: InputSpec) -> Floats:
    """Resize the input of an ensemble for a member; grey values are repeated in every channel."""
    _, height, width, channels = batch.shape
    if (height, width, channels) == (input_spec.height, input_spec.width, input_spec.channels):
        return batch
    gray = batch[..., 0]
    if (height, width) != (input_spec.height, input_spec.width):  # by Pillow: a matrix product would start threads
        size = (input_spec.width, input_spec.height)
        gray = np.stack([np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR)) for image in gray])
    return np.repeat(gray[..., None], input_spec.channels, axis=3)


@lru_cache(maxsize=32)
def resize_matrix(source: int, target: int, span: tuple[float, float] | None = None) -> Floats:
    """Return the matrix that resizes one axis bilinearly, antialiased when it shrinks (same filter as Pillow).

    Parameters
    ----------
    source, target : int
        Length before and after.
    span : (start, end), optional
        Part of the target that the source covers, 0 to 1; outside it values fade to zero.

    Returns
    -------
    ndarray of float32, shape (target, source)
        Rows sum to 1, except where a span leaves the target uncovered.
    """
    start, end = span or (0.0, 1.0)
    cell = (end - start) / source
    reach = max(cell, 1 / target)
    source_centers, target_centers = start + (np.arange(source) + 0.5) * cell, (np.arange(target) + 0.5) / target
    weights = np.maximum(0.0, 1.0 - np.abs(target_centers[:, None] - source_centers) / reach)
    scale = weights.sum(axis=1, keepdims=True) if span is None else reach / cell
    return np.asarray(weights / scale, np.float32)


def _place_on_grid(maps: Floats, card: ModelCard, grid: tuple[int, int]) -> Floats:
    """Resample maps (n, classes, rows, columns) of a member to a grid over its whole input."""
    down = across = None
    if card.map_extent is not None:
        left, top, right, bottom = card.map_extent
        height, width = card.input_spec.height, card.input_spec.width
        down, across = (top / height, bottom / height), (left / width, right / width)
    _, _, rows, columns = maps.shape
    return np.asarray(resize_matrix(rows, grid[0], down) @ maps @ resize_matrix(columns, grid[1], across).T)


def _merge_tumor_maps(maps: Floats) -> Floats:
    """Set the map of every tumour class to their maximum, because the tumour type is not predicted."""
    merged = maps.copy()
    merged[:, list(TUMOR_INDICES)] = maps[:, list(TUMOR_INDICES)].max(axis=1, keepdims=True)
    return merged


def _spread_evenly(odds: Floats) -> Floats:
    """Return logits (n, 4) with the given tumour log-odds (n, 1) and equally probable tumour classes."""
    logits = np.zeros((len(odds), len(CLASSES)), np.float32)
    logits[:, list(TUMOR_INDICES)] = odds - np.log(len(TUMOR_INDICES))
    return logits
