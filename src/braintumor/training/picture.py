"""Picture of an architecture, drawn by visualkeras, for the Performance page and the notebooks."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from unittest import mock

import keras
import visualkeras
from PIL import ImageFont

from braintumor.files import write_atomically

# Okabe and Ito's colours, which the colour-blind can tell apart.
_LAYER_COLORS: Final[dict[type[keras.layers.Layer], str]] = {
    keras.layers.Conv2D: "#56B4E9",
    keras.layers.MaxPooling2D: "#E69F00",
    keras.layers.Flatten: "#BBBBBB",
    keras.layers.Dense: "#009E73",
    keras.layers.Dropout: "#CC79A7",
}


def draw_architecture(model: keras.Model, path: Path) -> None:
    """Write a layered drawing of a model as PNG."""
    colours: dict[Any, dict[str, str]] = {kind: {"fill": fill} for kind, fill in _LAYER_COLORS.items()}
    with _output_shapes():
        picture = visualkeras.layered_view(
            model,
            legend=True,
            color_map=colours,
            background_fill="white",
            scale_xy=2,
            scale_z=0.6,
            spacing=24,
            padding=24,
            font=ImageFont.load_default(size=20),
        )
    buffer = io.BytesIO()
    picture.convert("P", colors=64).save(buffer, "PNG", optimize=True)
    write_atomically(path, buffer.getvalue())


@contextmanager
def _output_shapes() -> Iterator[None]:
    """Give layers the `output_shape` that Keras 3 dropped and visualkeras 0.2 still reads."""

    def output_shape(layer: keras.layers.Layer) -> Any:
        shape = layer.output.shape
        return [shape] if isinstance(layer, keras.layers.InputLayer) else shape

    with mock.patch.object(keras.layers.Layer, "output_shape", property(output_shape), create=True):
        yield
