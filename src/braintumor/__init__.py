"""Predict brain tumours on MRI slices: whether one is suspected, which type, where, and how certain. Research use only.

`Detector`, `Detection` and `predict_image` are imported on first use, so that `import braintumor` stays fast. None of
them needs TensorFlow.

Examples
--------
>>> from braintumor import predict_image
>>> from braintumor.datasets.phantoms import make_phantom
>>> detection = predict_image(make_phantom("meningioma", seed=7).pixels, "v4")
>>> detection.verdict, detection.mask.shape
(<Verdict.UNCERTAIN: 'uncertain'>, (256, 256))
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from braintumor.inference import Detection, Detector, predict_image

try:
    __version__ = version("braintumor")
except PackageNotFoundError:  # the source tree on the path without an install
    __version__ = "0+unknown"

__all__ = ["Detection", "Detector", "__version__", "predict_image"]


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module("braintumor.inference"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
