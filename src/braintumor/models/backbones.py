"""Bases: networks fitted to ImageNet, what each makes of grey levels, and the files their weights come in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import keras

# What the `caffe` way of preparing pictures takes off blue, green and red. In a grey picture the three are the same, so
# that their order, which it also turns round, is all there is to know.
_BGR_MEANS: Final = (103.939, 116.779, 123.68)
# Of ImageNet's red, green and blue from 0 to 1: what the `torch` way takes off and divides by.
_RGB_MEANS: Final = (0.485, 0.456, 0.406)
_RGB_DEVIATIONS: Final = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Backbone:
    """One base.

    Attributes
    ----------
    make : callable
        Its constructor in `keras.applications`.
    scale, offset
        Its own way of preparing pictures, for grey levels from 0 to 1.
    files : tuple of str
        Names under which its weights without top lie in a folder; the first is the one Keras downloads.
    options : mapping
        What the constructor is given besides.
    first : str
        The layer it begins with here, where its constructor puts its own preparation before it.
    """

    constructor: Callable[..., keras.Model]
    scale: float | tuple[float, ...]
    offset: float | tuple[float, ...]
    weight_files: tuple[str, ...]
    constructor_arguments: Mapping[str, Any] = field(default_factory=dict)
    first_layer: str = ""


_apps = keras.applications
_TF_NO_TOP: Final = "weights_tf_dim_ordering_tf_kernels_notop.h5"

BACKBONES: Final[Mapping[str, Backbone]] = {
    "vgg16": Backbone(_apps.VGG16, 255.0, tuple(-mean for mean in _BGR_MEANS), (f"vgg16_{_TF_NO_TOP}",)),
    "resnet50": Backbone(_apps.ResNet50, 255.0, tuple(-mean for mean in _BGR_MEANS), (f"resnet50_{_TF_NO_TOP}",)),
    "xception": Backbone(_apps.Xception, 2.0, -1.0, (f"xception_{_TF_NO_TOP}",)),
    "inceptionv3": Backbone(_apps.InceptionV3, 2.0, -1.0, (f"inception_v3_{_TF_NO_TOP}",)),
    # Its constructor puts part of the preparation into the network only where it fetches the weights itself.
    "efficientnetb0": Backbone(
        _apps.EfficientNetB0,
        tuple(1 / deviation for deviation in _RGB_DEVIATIONS),
        tuple(-mean / deviation for mean, deviation in zip(_RGB_MEANS, _RGB_DEVIATIONS, strict=True)),
        ("efficientnetb0_notop.h5",), first_layer="stem_conv_pad",
    ),
    "mobilenetv3": Backbone(
        _apps.MobileNetV3Large, 255.0, 0.0, ("weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",)
    ),
    "mobilenet": Backbone(
        _apps.MobileNet, 2.0, -1.0, ("mobilenet_7_5_224_tf_no_top.h5", "mobilenet_0.75_224_no_top.weights.h5"),
        {"alpha": 0.75},
    ),
}  # fmt: skip
