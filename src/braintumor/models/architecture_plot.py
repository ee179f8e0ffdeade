"""Layered drawing of a network."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from unittest import mock

import keras
import visualkeras
from PIL import ImageFont

from braintumor.fileio import write_atomically

_LAYER_COLORS: Final[dict[type[keras.layers.Layer], str]] = {  # Okabe and Ito's palette, safe for colour blindness
    keras.layers.Conv2D: "#56B4E9",
    keras.layers.MaxPooling2D: "#E69F00",
    keras.layers.Flatten: "#BBBBBB",
    keras.layers.Dense: "#009E73",
    keras.layers.Dropout: "#CC79A7",
}
# What is drawn of a network with many layers.
_MAIN_LAYERS: Final = (
    *(keras.layers.InputLayer, keras.layers.Conv2D, keras.layers.Conv2DTranspose, keras.layers.UpSampling2D),
    *(keras.layers.MaxPooling2D, keras.layers.AveragePooling2D, keras.layers.GlobalAveragePooling2D),
    *(keras.layers.Concatenate, keras.layers.Flatten, keras.layers.Dropout, keras.layers.Dense),
)
_MANY_LAYERS: Final = 40


def draw_architecture(model: keras.Model, path: Path) -> None:
    """Write a layered drawing of a network as PNG, without normalization, activation and the like if it has many."""
    is_large = len(model.layers) > _MANY_LAYERS
    hidden = {type(layer) for layer in model.layers if is_large and not isinstance(layer, _MAIN_LAYERS)}
    small, usual = {"scale_z": 0.15, "min_z": 8, "max_z": 60, "spacing": 8}, {"scale_z": 0.6, "spacing": 24}
    sizes: dict[str, Any] = small if is_large else usual
    colors: dict[Any, dict[str, str]] = {kind: {"fill": fill} for kind, fill in _LAYER_COLORS.items()}
    with _output_shapes():
        drawing = visualkeras.layered_view(
            model,
            legend=True,
            color_map=colors,
            background_fill="white",
            type_ignore=list(hidden),
            scale_xy=2,
            padding=24,
            font=ImageFont.load_default(size=20),
            **sizes,
        )
    buffer = io.BytesIO()
    drawing.convert("P", colors=64).save(buffer, "PNG", optimize=True)
    write_atomically(path, buffer.getvalue())


@contextmanager
def _output_shapes() -> Iterator[None]:
    """Restore the layer attribute `output_shape`, which Keras 3 removed and visualkeras 0.2 needs."""

    def output_shape(layer: keras.layers.Layer) -> Any:
        shape = layer.output.shape
        return [shape] if isinstance(layer, keras.layers.InputLayer) else shape

    with mock.patch.object(keras.layers.Layer, "output_shape", property(output_shape), create=True):
        yield
