"""Predict brain tumours on MRI slices: whether one is suspected, which type, where, and how certain. Research use only.

All names are imported on first use, so that `import braintumor` stays fast. None of them needs TensorFlow.

Examples
--------
>>> from braintumor import predict_image
>>> from braintumor.datasets.phantoms import make_phantom
>>> detection = predict_image(make_phantom("meningioma", seed=7).pixels, "v4")
>>> detection.verdict, detection.mask.shape
(<Verdict.UNCERTAIN: 'uncertain'>, (256, 256))
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from braintumor.explanation import explain_in_words
    from braintumor.inference import Detection, Detector, predict_image

    __version__: str

__all__ = ["Detection", "Detector", "__version__", "explain_in_words", "predict_image"]


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "__version__":
        value: Any = _read_version()
    elif name == "explain_in_words":
        from braintumor import explanation

        value = explanation.explain_in_words
    else:
        from braintumor import inference

        value = getattr(inference, name)
    globals()[name] = value
    return value


def _read_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("braintumor")
    except PackageNotFoundError:  # the source tree is on the path without being installed
        return "0+unknown"


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
