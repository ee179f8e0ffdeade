"""Run one ONNX file: model input to raw outputs. See `ensemble` for several models."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import islice
from typing import Any, Protocol, Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from braintumor.errors import ArtifactError
from braintumor.inference.model_card import MODEL_FILE, ModelCard
from braintumor.inference.outputs import LOGITS, Outputs
from braintumor.inference.registry import Artifact, create_session


class ModelRunner(Protocol):
    """What a detector needs of a network: one ONNX file, or an ensemble of several."""

    @property
    def outputs(self) -> Sequence[str]:
        """Names of the fields of `Outputs` that it fills."""

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """Return the outputs for model input (n, height, width, channels)."""


class OnnxModel:
    """One ONNX file in ONNX Runtime.

    Parameters
    ----------
    card : ModelCard
    session : InferenceSession

    Raises
    ------
    ArtifactError
        The input shape of the file differs from the card, or it has no logits.
    """

    def __init__(self, card: ModelCard, session: onnxruntime.InferenceSession) -> None:
        self.card, self._session = card, session
        names = {output.name for output in session.get_outputs()}
        self.outputs = [field.name for field in fields(Outputs) if field.name in names]
        self._input = session.get_inputs()[0].name
        shape, spec = session.get_inputs()[0].shape, card.input_spec
        if not _shapes_match(shape, [None, spec.height, spec.width, spec.channels]) or LOGITS not in self.outputs:
            raise ArtifactError(
                f"{card.version}: {MODEL_FILE} does not fit its card (its input is {shape}, its outputs are "
                f"{self.outputs}). Export it again with: braintumor export {card.version}"
            )

    @classmethod
    def load(cls, artifact: Artifact, threads: int) -> Self:
        """Load the `model.onnx` of a version and check it against the hash in the card.

        Raises
        ------
        ArtifactError
            The file is missing, altered, or cannot be used.
        """
        return cls(artifact.card, create_session(artifact, MODEL_FILE, threads))

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """Return the outputs for model input (n, height, width, channels)."""
        values = self._session.run(self.outputs, {self._input: batch})
        return Outputs(**dict(zip(self.outputs, values, strict=True)))


def run_with_mirrored(model: ModelRunner, batch: NDArray[np.float32]) -> Outputs:
    """Return the outputs for model input (n, height, width, channels), averaged with those of its mirror images."""
    mirrored = np.ascontiguousarray(batch[:, :, ::-1])
    if len(batch) > 1:  # larger runs need more memory and are not faster
        return model.run(batch).average_with(model.run(mirrored))
    both = model.run(np.concatenate([batch, mirrored]))
    return both.select(np.array([0])).average_with(both.select(np.array([1])))


def _shapes_match(shape: Sequence[Any], expected: Sequence[int | None]) -> bool:
    """Whether a shape, in which some sides may be names or None, is compatible with the expected one."""
    return len(shape) == len(expected) and all(
        side == size or size is None or not isinstance(side, int) for side, size in zip(shape, expected, strict=True)
    )


def iter_batches(model_inputs: Iterable[NDArray[np.uint8]], size: int) -> Iterator[tuple[NDArray[np.uint8], ...]]:
    """Yield tuples of up to `size` model inputs, as `itertools.batched` does from Python 3.12."""
    iterator = iter(model_inputs)
    while batch := tuple(islice(iterator, size)):
        yield batch
