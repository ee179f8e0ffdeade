"""Drawings of networks."""

from pathlib import Path

from PIL import Image

from braintumor.models.architecture_plot import draw_architecture
from braintumor.models.builder import build_model
from braintumor.models.recipe import load_recipe


def test_network_with_many_layers_is_drawn_on_one_screen(tmp_path: Path) -> None:
    path = tmp_path / "architecture.png"
    draw_architecture(build_model(load_recipe("v5")), path)
    width, height = Image.open(path).size
    assert width < 5 * height < 5000
