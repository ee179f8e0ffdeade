"""Fusion: the class head and the mask decide together whether there is tumour."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from braintumor.inference.outputs import Outputs
from braintumor.vocabulary import NO_TUMOR_INDEX, TUMOR_INDICES


@dataclass(frozen=True, slots=True)
class MaskFusion:
    """Weights of the log-odds of tumour: `label` times the class head's, `mask` times the mask's, plus `bias`."""

    label: float = 1.0
    mask: float = 0.0
    bias: float = 0.0

    def to_dict(self) -> dict[str, float]:
        """As plain data, for a card."""
        return asdict(self)

    def fuse_logits(self, outputs: Outputs) -> NDArray[np.float64]:
        """Logits (n, 4) whose odds of tumour are the fused ones; the odds among tumours are the class head's."""
        evidence = outputs.mask_log_odds()
        if evidence is None:
            return outputs.logits.astype(np.float64)
        fused = self.label * tumor_log_odds(outputs.logits) + self.mask * evidence + self.bias
        logits = outputs.logits.astype(np.float64)
        logits[:, NO_TUMOR_INDEX] = np.logaddexp.reduce(logits[:, list(TUMOR_INDICES)], axis=1) - fused
        return logits


def tumor_log_odds(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Log-odds of any tumour against none from logits (..., 4)."""
    wide = np.asarray(logits, np.float64)
    return np.asarray(np.logaddexp.reduce(wide[..., list(TUMOR_INDICES)], axis=-1) - wide[..., NO_TUMOR_INDEX])
