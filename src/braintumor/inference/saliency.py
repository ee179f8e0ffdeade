"""Saliency: how much each pixel of a frame moves the log-odds of tumour, smoothed and scaled for the eye."""

from collections.abc import Callable
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

# Takes model input (1, height, width, channels); gives the gradient of the log-odds of tumour there, of equal shape.
GradientFunction = Callable[[NDArray[np.float32]], NDArray[np.float32]]

# Standard deviation of the smoothing, as a share of the frame's longer side: gradients of single pixels flicker with
# the rectifiers that happen to be on, and mean little by themselves (Smilkov et al. 2017).
GAUSSIAN_SIGMA: Final = 0.015
# The share of pixels at or below what is shown as 1: a few extreme ones would leave the rest dark.
CLIP_QUANTILE: Final = 0.995
# Shown wherever a saliency map would be.
NO_ENSEMBLE_SALIENCY: Final = "An ensemble has no saliency map. Use one of its members to see one."


def onnx_gradient(session: onnxruntime.InferenceSession) -> GradientFunction:
    """The gradient as an artifact's `saliency.onnx` computes it."""
    name = session.get_inputs()[0].name
    return lambda batch: np.asarray(session.run(None, {name: batch})[0], np.float32)


def saliency_map(gradient: GradientFunction, batch: NDArray[np.float32], tta_views: int = 1) -> NDArray[np.float32]:
    """The absolute gradient at one frame (Simonyan et al. 2014), smoothed, from 0 to 1.

    Parameters
    ----------
    gradient : Gradient
        Of an artifact's `saliency.onnx` (see `gradient_by`), or by automatic differentiation.
    batch : ndarray of float32, shape (1, height, width, channels)
        Model input. Its channels are copies of one grey value, which moves them all: their gradients are summed.
    views : int
        2 to average with the gradient of the mirrored frame, turned back, as the answer is (see `Detector.infer`).

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
    """Values (height, width) under a Gaussian, edges repeated."""
    sigma = GAUSSIAN_SIGMA * max(values.shape)
    radius = int(np.ceil(3 * sigma))
    weights = np.exp(-0.5 * np.square(np.arange(-radius, radius + 1) / sigma)).astype(np.float32)
    weights /= weights.sum()
    for _ in range(2):  # rows and columns change places, and back
        padded = np.pad(values, ((radius, radius), (0, 0)), mode="edge")
        values = np.lib.stride_tricks.sliding_window_view(padded, len(weights), axis=0).dot(weights).T
    return np.ascontiguousarray(values, np.float32)
