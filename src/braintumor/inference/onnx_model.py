"""A network that a detector runs: model input in, raw outputs out. Here one ONNX file; see also `ensemble`."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Protocol, Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from braintumor.errors import ArtifactError
from braintumor.inference.artifact_files import MODEL_FILE
from braintumor.inference.loading import create_session
from braintumor.inference.model_card import ModelCard
from braintumor.inference.outputs import LOGITS, Outputs
from braintumor.inference.registry import Artifact


class ModelRunner(Protocol):
    """What a detector needs of a network: one ONNX file, or an ensemble of several."""

    @property
    def outputs(self) -> Sequence[str]:
        """Names of the fields of `Outputs` that it fills."""

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """Outputs for model input (n, height, width, channels)."""


class OnnxModel:
    """One ONNX file in ONNX Runtime.

    Parameters
    ----------
    card : Card
        Of the version that the file belongs to.
    session : InferenceSession

    Raises
    ------
    ArtifactError
        The file's input does not have the shape in the card, or it does not give logits.
    """

    def __init__(self, card: ModelCard, session: onnxruntime.InferenceSession) -> None:
        self.card, self._session = card, session
        names = {output.name for output in session.get_outputs()}
        self.outputs = [field.name for field in fields(Outputs) if field.name in names]
        self._input = session.get_inputs()[0].name
        shape, contract = session.get_inputs()[0].shape, card.input_spec
        expected = [None, contract.height, contract.width, contract.channels]
        if not _shapes_match(shape, expected) or LOGITS not in self.outputs:
            raise ArtifactError(
                f"{card.version}: {MODEL_FILE} does not fit its card (it takes {shape} and gives {self.outputs}). "
                f"Export it again with: braintumor export {card.version}"
            )

    @classmethod
    def load(cls, artifact: Artifact, threads: int) -> Self:
        """Load the `model.onnx` of a version, after checking it against the hash in the card.

        Raises
        ------
        ArtifactError
            The file is missing, altered, or cannot be used.
        """
        return cls(artifact.card, create_session(artifact, MODEL_FILE, threads))

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """Outputs for model input (n, height, width, channels)."""
        values = self._session.run(self.outputs, {self._input: batch})
        return Outputs(**dict(zip(self.outputs, values, strict=True)))


def _shapes_match(shape: Sequence[Any], expected: Sequence[int | None]) -> bool:
    """Whether a shape, some of whose sides may be names or unknown, allows the expected one."""
    return len(shape) == len(expected) and all(
        side == size or size is None or not isinstance(side, int) for side, size in zip(shape, expected, strict=True)
    )
