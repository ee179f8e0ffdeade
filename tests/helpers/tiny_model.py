"""A tiny ONNX model with the inputs and outputs of a shipped one, fitted to phantoms without TensorFlow."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES
from braintumor.imaging import InputSpec, preprocess, read_scan

CONTRACT = InputSpec(height=150, width=150)
CELLS = 12
_KERNEL, _STRIDE = 18, 12
_DARK = 0.5
# Multitask variant: grey value from which a pixel is tumour, and the slope of its probability.
_WHITE, _STEEP = 0.85, 40.0
# Scales a regression on 0 and 1 to logits, some of them confident and some not.
_SHARPNESS = 7.0


def phantom_frames(per_class: int, first_seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return preprocessed phantoms (n, 150, 150) and their class indices."""
    frames, labels = [], []
    for number, label in enumerate(CLASSES):
        for seed in range(first_seed, first_seed + per_class):
            frames.append(preprocess(read_scan(make_phantom(label, seed, 160).pixels), CONTRACT)[0])
            labels.append(number)
    return np.stack(frames), np.array(labels)


def cells(frames: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the brightness above half white in 12 x 12 overlapping windows (n, 144), as the first layers compute."""
    bright = np.maximum(frames.astype(np.float64) / 255 - _DARK, 0)
    rows = np.stack([bright[:, i * _STRIDE : i * _STRIDE + _KERNEL].mean(axis=1) for i in range(CELLS)], axis=1)
    both = [rows[:, :, i * _STRIDE : i * _STRIDE + _KERNEL].mean(axis=2) for i in range(CELLS)]
    return np.stack(both, axis=2).reshape(len(frames), -1)


def fit(per_class: int = 32, seed: int = 1000) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fit weights (144, 4) and bias (4,) of a ridge regression from cells to classes."""
    frames, labels = phantom_frames(per_class, seed)
    features = cells(frames)
    mean = features.mean(axis=0)
    centred = features - mean
    targets = np.eye(len(CLASSES))[labels] - 1 / len(CLASSES)
    ridge = 0.5 * float(centred.var()) * len(centred) * np.eye(centred.shape[1])
    weights = _SHARPNESS * np.linalg.solve(centred.T @ centred + ridge, centred.T @ targets)
    return weights.astype(np.float32), (-mean @ weights).astype(np.float32)


def to_binary(
    weights: NDArray[np.float32], bias: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return weights of a binary model: tumour log-odds z become logits z - ln 3 of each tumour class, and 0."""
    is_tumor = np.array([c.is_tumor for c in CLASSES])
    odds, constant = (np.sum(values[..., is_tumor], -1) - values[..., ~is_tumor][..., 0] for values in (weights, bias))
    evidence = np.where(is_tumor, odds[:, None], 0)
    return evidence.astype(np.float32), np.where(is_tumor, constant - np.log(3), 0).astype(np.float32)


def build(weights: NDArray[np.float32], bias: NDArray[np.float32], *, masked: bool = False) -> bytes:
    """Build the ONNX file: pooled cells, evidence of each cell for each class, and their sum as logits.

    With `masked`, nearly white pixels are tumour, and the cells are the features.
    """
    count = len(CLASSES)
    constants: dict[str, NDArray[Any]] = {
        "evidence": weights.T.reshape(1, count, CELLS, CELLS),
        "bias": bias,
        "spatial": np.array([2, 3], np.int64),
        "channels": np.array([1], np.int64),
        "dark": np.array(_DARK, np.float32),
    }
    nodes = [
        helper.make_node("Transpose", ["image"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("ReduceMean", ["planes", "channels"], ["plane"], keepdims=1),
        helper.make_node("Sub", ["plane", "dark"], ["above"]),
        helper.make_node("Relu", ["above"], ["bright"]),
        helper.make_node("AveragePool", ["bright"], ["pooled"], kernel_shape=[_KERNEL] * 2, strides=[_STRIDE] * 2),
        helper.make_node("Mul", ["pooled", "evidence"], ["maps"]),
        helper.make_node("ReduceSum", ["maps", "spatial"], ["sums"], keepdims=0),
        helper.make_node("Add", ["sums", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    if masked:
        constants |= {"white": np.array(_WHITE, np.float32), "steep": np.array(_STEEP, np.float32)}
        nodes += [
            helper.make_node("AveragePool", ["plane"], ["halved"], kernel_shape=[2, 2], strides=[2, 2]),
            helper.make_node("Sub", ["halved", "white"], ["whiter"]),
            helper.make_node("Mul", ["whiter", "steep"], ["steeper"]),
            helper.make_node("Sigmoid", ["steeper"], ["shares"]),
            helper.make_node("Squeeze", ["shares", "channels"], ["mask"]),
            helper.make_node("Flatten", ["pooled"], ["features"]),
        ]
    shapes: dict[str, list[str | int | None]] = {
        "logits": ["n", count],
        "probabilities": ["n", count],
        "maps": ["n", count, CELLS, CELLS],
    }
    if masked:
        shapes |= {"mask": ["n", CONTRACT.height // 2, CONTRACT.width // 2], "features": ["n", CELLS * CELLS]}
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", CONTRACT.height, CONTRACT.width, 3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()
