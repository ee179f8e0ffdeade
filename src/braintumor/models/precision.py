"""The number format in which a network computes while it is trained."""

from pathlib import Path
from typing import Final

import tensorflow as tf

from braintumor.models.recipe import Recipe

_BFLOAT16_FLAGS: Final = {"amx_bf16", "avx512_bf16"}


def choose_precision(recipe: Recipe, processor_file: Path = Path("/proc/cpuinfo")) -> str:
    """Return the Keras dtype policy of a recipe, or "float32" where this machine would only emulate bfloat16.

    A processor without instructions for bfloat16 takes four times as long with it as with float32.

    Parameters
    ----------
    processor_file : Path
        Description of the processors as Linux writes it. Without it, the machine counts as one without bfloat16.
    """
    if recipe.fit.precision == "float32" or tf.config.list_physical_devices("GPU"):
        return recipe.fit.precision
    try:
        flags = set(processor_file.read_text(encoding="utf-8").split())
    except OSError:
        flags = set()
    return recipe.fit.precision if flags & _BFLOAT16_FLAGS else "float32"
