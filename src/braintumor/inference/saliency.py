"""Saliency maps: how much each pixel of the model input changes the tumour log-odds."""

from collections.abc import Callable
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

# Maps model input (1, height, width, channels) to the gradient of the tumour log-odds, of the same shape.
GradientFunction = Callable[[NDArray[np.float32]], NDArray[np.float32]]

# Standard deviation of the smoothing, relative to the longer side: single-pixel gradients are noise from the
# rectifiers that happen to be active (Smilkov et al. 2017).
GAUSSIAN_SIGMA: Final = 0.015
CLIP_QUANTILE: Final = 0.995  # shown as 1, so that a few extreme pixels do not darken the rest
NO_ENSEMBLE_SALIENCY: Final = "An ensemble has no saliency map. Use one of its members to see one."


def onnx_gradient(session: onnxruntime.InferenceSession) -> GradientFunction:
    """Return the gradient function of a `saliency.onnx`."""
    name = session.get_inputs()[0].name
    return lambda batch: np.asarray(session.run(None, {name: batch})[0], np.float32)


def saliency_map(gradient: GradientFunction, batch: NDArray[np.float32], tta_views: int = 1) -> NDArray[np.float32]:
    """Compute the absolute gradient for one scan (Simonyan et al. 2014), smoothed and scaled to 0 to 1.

    Parameters
    ----------
    gradient : callable
        From `onnx_gradient`, or by automatic differentiation.
    batch : ndarray of float32, shape (1, height, width, channels)
        Model input. Its channels are copies of one grey value, so their gradients are summed.
    tta_views : int
        2 to average with the gradient of the mirrored scan, mirrored back, as `Detector.infer` does.

    Returns
    -------
    ndarray of float32, shape (height, width)
    """
    slope = _input_gradient(gradient, batch)
    if tta_views > 1:
        slope = (slope + _input_gradient(gradient, np.ascontiguousarray(batch[:, :, ::-1]))[:, ::-1]) * np.float32(0.5)
    values = smooth(np.abs(slope))
    full = float(np.quantile(values, CLIP_QUANTILE)) or float(values.max())
    return np.clip(values / np.float32(full), 0.0, 1.0) if full > 0 else values


def _input_gradient(gradient: GradientFunction, batch: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(gradient(batch)[0].sum(axis=-1))


def smooth(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Apply a Gaussian filter to values (height, width), with repeated edges."""
    sigma = GAUSSIAN_SIGMA * max(values.shape)
    radius = int(np.ceil(3 * sigma))
    weights = np.exp(-0.5 * np.square(np.arange(-radius, radius + 1) / sigma)).astype(np.float32)
    weights /= weights.sum()
    for _ in range(2):  # each pass filters the rows and transposes
        padded = np.pad(values, ((radius, radius), (0, 0)), mode="edge")
        values = np.lib.stride_tricks.sliding_window_view(padded, len(weights), axis=0).dot(weights).T
    return np.ascontiguousarray(values, np.float32)
