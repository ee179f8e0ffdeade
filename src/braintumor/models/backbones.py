"""ImageNet backbones of Keras: constructors, input scaling for grey values from 0 to 1, and weight files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import keras

from braintumor.errors import RecipeError

# Keras preprocessing mode `caffe` subtracts these means of blue, green and red. The order of the channels does not
# matter for grey images, whose channels are equal.
_BGR_MEANS: Final = (103.939, 116.779, 123.68)
# Keras preprocessing mode `torch` normalizes with the means and deviations of red, green and blue from 0 to 1.
_RGB_MEANS: Final = (0.485, 0.456, 0.406)
_RGB_DEVIATIONS: Final = (0.229, 0.224, 0.225)
_TF_NO_TOP: Final = "weights_tf_dim_ordering_tf_kernels_notop.h5"


@dataclass(frozen=True, slots=True)
class Backbone:
    """One backbone.

    Attributes
    ----------
    constructor : callable
        Its constructor in `keras.applications`.
    scale, offset : float or tuple of float
        Its preprocessing, for grey values from 0 to 1.
    weight_files : tuple of str
        File names of its weights without top; the first is the one that Keras downloads.
    constructor_arguments : mapping
        Further arguments of the constructor.
    first_layer : str
        First layer to use, if the constructor adds preprocessing layers before it.
    """

    constructor: Callable[..., keras.Model]
    scale: float | tuple[float, ...]
    offset: float | tuple[float, ...]
    weight_files: tuple[str, ...]
    constructor_arguments: Mapping[str, Any] = field(default_factory=dict)
    first_layer: str = ""


_apps = keras.applications

BACKBONES: Final[Mapping[str, Backbone]] = {
    "vgg16": Backbone(_apps.VGG16, 255.0, tuple(-mean for mean in _BGR_MEANS), (f"vgg16_{_TF_NO_TOP}",)),
    "resnet50": Backbone(_apps.ResNet50, 255.0, tuple(-mean for mean in _BGR_MEANS), (f"resnet50_{_TF_NO_TOP}",)),
    "xception": Backbone(_apps.Xception, 2.0, -1.0, (f"xception_{_TF_NO_TOP}",)),
    "inceptionv3": Backbone(_apps.InceptionV3, 2.0, -1.0, (f"inception_v3_{_TF_NO_TOP}",)),
    # Keras adds one of its preprocessing layers only if it downloads the weights itself.
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


def get_backbone(name: str) -> Backbone:
    """Return a backbone by its name.

    Raises
    ------
    RecipeError
        There is no backbone of that name.
    """
    if name not in BACKBONES:
        raise RecipeError(f"There is no backbone {name!r} (available: {', '.join(sorted(BACKBONES))}).")
    return BACKBONES[name]
