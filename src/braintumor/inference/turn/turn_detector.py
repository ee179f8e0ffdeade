"""Estimate by how many quarter turns a picture was turned, with a small network next to the model of a version."""

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from braintumor.enums import PictureKind, Verdict
from braintumor.imaging.edits import describe_turn, turn_scan
from braintumor.imaging.scan import Scan
from braintumor.inference.decision import softmax
from braintumor.inference.input_check.limits import TurnLimits
from braintumor.inference.model_card import TURN_FILE
from braintumor.inference.registry import Artifact, create_session

# Side of the input in pixels: enough to see ventricles and orbits, and 0.1 ms on one core.
TURN_INPUT_SIDE: Final = 80
MEAN_LEVEL: Final = np.float32(0.2)
TURNED_BACK: Final = "it was turned back before reading."


@dataclass(frozen=True, slots=True)
class TurnEstimate:
    """Probability of each turn of a picture, and what follows from it.

    Attributes
    ----------
    probabilities : ndarray of float64, shape (4,)
        Of 0, 1, 2 and 3 quarter turns, counterclockwise.
    limits : TurnLimits
        From which probabilities the picture is turned back, and from which no tumour is ruled out.
    """

    probabilities: NDArray[np.float64]
    limits: TurnLimits

    @property
    def most_likely(self) -> int:
        """Clockwise quarter turns that most probably make the picture upright."""
        return int(np.argmax(self.probabilities))

    @property
    def correction(self) -> int:
        """Clockwise quarter turns to apply before reading; 0 unless the estimate is sure.

        For a sideways picture it is enough to be sure that it is sideways: turned to the more probable side, it is
        upright or at worst upside down, and it was not upright before.
        """
        return self._turn_from(self.limits.sideways_at, self.limits.upside_down_at)

    @property
    def suggestion(self) -> int:
        """Clockwise quarter turns to suggest to the reader; 0 if the picture is upright or was turned back."""
        return 0 if self.correction else self._turn_from(self.limits.likely_at, self.limits.likely_at)

    def _turn_from(self, sideways_at: float, upside_down_at: float) -> int:
        _, left, half, right = self.probabilities
        if left + right >= sideways_at:
            return 1 if left >= right else 3
        return 2 if half >= upside_down_at else 0

    def correct(self, scan: Scan) -> Scan:
        """Turn the scan back, with a warning that says so."""
        turn = describe_turn(-self.correction % 4)
        sentence = f"The picture was {turn}; {TURNED_BACK}"
        return replace(turn_scan(scan, self.correction), warnings=(*scan.warnings, sentence))

    def limit_verdict(self, verdict: Verdict, reason: str) -> tuple[Verdict, str]:
        """Return `uncertain` instead of `no tumor found` for a picture that is probably turned."""
        if verdict is not Verdict.NO_TUMOR_FOUND or not self.suggestion:
            return verdict, reason
        turn = describe_turn(-self.suggestion % 4)
        return Verdict.UNCERTAIN, (
            f"The picture was probably {turn}, and turned pictures may be misread. Turn it upright and read it again."
        )


class TurnDetector:
    """The turn network of a version with its limits.

    Parameters
    ----------
    session : InferenceSession
        Model input of `turn_input` to logits (n, 4).
    limits : TurnLimits
    """

    def __init__(self, session: onnxruntime.InferenceSession, limits: TurnLimits) -> None:
        self._session, self.limits = session, limits
        self._input = session.get_inputs()[0].name

    @classmethod
    def load(cls, artifact: Artifact) -> Self | None:
        """Load the turn network of a version; None if the card has no entry for it.

        Raises
        ------
        ArtifactError
            The file is missing, differs from its hash in the card, or cannot be loaded.
        """
        limits = artifact.card.turn
        return None if limits is None else cls(create_session(artifact, TURN_FILE, threads=1), limits)

    def estimate(self, scan: Scan, model_input: NDArray[np.uint8]) -> TurnEstimate | None:
        """Estimate the turn of a scan from its model input (height, width).

        None for scans whose file states the orientation, and for pictures that do not show a single slice.
        """
        if scan.is_oriented or scan.picture is not PictureKind.SLICE:
            return None
        return TurnEstimate(self.probabilities(model_input[None])[0], self.limits)

    def probabilities(self, model_inputs: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the probability of each turn for model inputs (n, height, width), shape (n, 4)."""
        return softmax(self._session.run(None, {self._input: turn_input(model_inputs)})[0])


def turn_input(model_inputs: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the input of the turn network for model inputs (n, height, width), shape (n, 80, 80, 1)."""
    reduced = np.stack([np.asarray(_reduce(Image.fromarray(model_input))) for model_input in model_inputs])
    return reduced[..., None].astype(np.float32) / np.float32(255) - MEAN_LEVEL


def _reduce(image: Image.Image) -> Image.Image:
    """Average blocks of pixels; four times faster where they have the same whole size, as in v4."""
    factors = image.width / TURN_INPUT_SIDE, image.height / TURN_INPUT_SIDE
    if factors[0] == factors[1] and factors[0].is_integer():
        return image.reduce(int(factors[0]))
    return image.resize((TURN_INPUT_SIDE, TURN_INPUT_SIDE), Image.Resampling.BOX)
