"""The two ways of averaging the image set, each run in a process of its own: ours, and the original project's.

Both give the mean and the standard deviation of each pixel by class, on a scale of 0 to 1, and say when they have them.
`explore` runs the whole command, for its memory.
"""

import hashlib
import io
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.baseline.ways import DONE, FIRST, peak_megabytes, say
from braintumor.exploration.accumulators import Moments
from braintumor.imaging import InputSpec, Scan, read_scan
from braintumor.settings import Settings, get_settings

# The original stretches every image to one size, with nothing cut off.
SIDE: Final = 256
CONTRACT: Final = InputSpec(SIDE, SIDE, channels=1, crop_margin=False, fit="stretch")
LUMA: Final = "luma/"


def ours(inputs: str, outputs: str, result: str, and_luma: bool) -> None:
    """Stream the images of the manifest as `braintumor explore` does, with the original's frame and grey.

    With `and_luma`, once more and off the clock with the grey that `explore` reads; those arrays start with `luma/`.
    """
    from braintumor.datasets.manifest import read_manifest
    from braintumor.exploration.explore import build_tasks
    from braintumor.exploration.streaming import accumulate_statistics

    settings = get_settings().model_copy(update={"inputs": Path(inputs), "outputs": Path(outputs)})
    tasks = build_tasks(read_manifest(settings), settings)
    started = time.perf_counter()
    arrays = _by_class(accumulate_statistics(tasks, CONTRACT, settings, pixels_only=True, read=grey_of_colours).pixels)
    _done(started)
    if and_luma:
        luma = _by_class(accumulate_statistics(tasks, CONTRACT, settings, pixels_only=True).pixels)
        arrays |= {LUMA + key: values for key, values in luma.items()}
    np.savez(result, allow_pickle=False, **arrays)


def original(files: Mapping[str, Sequence[str]], result: str) -> None:
    """Load every image of a class with Keras, stack them, take numpy's mean and standard deviation."""
    from keras.utils import img_to_array, load_img

    started = time.perf_counter()
    arrays = {}
    for label, paths in files.items():
        images = [
            img_to_array(load_img(path, color_mode="grayscale", target_size=(SIDE, SIDE), interpolation="bilinear"))
            for path in paths
        ]
        stack = np.stack(images) / 255
        arrays[f"average/{label}"] = np.mean(stack, axis=0)[..., 0]
        arrays[f"variability/{label}"] = np.std(stack, axis=0)[..., 0]
    _done(started)
    np.savez(result, allow_pickle=False, **arrays)


def explore(inputs: str, outputs: str) -> None:
    """The whole command, into a folder that holds the manifest and the twins."""
    from braintumor.exploration.explore import explore_dataset as run_explore

    started = time.perf_counter()
    run_explore(get_settings().model_copy(update={"inputs": Path(inputs), "outputs": Path(outputs)}))
    _done(started)


def grey_of_colours(content: bytes, name: str, settings: Settings) -> Scan:
    """Read a scan with the grey Keras gives it: that of its colours.

    `read_scan` takes the luma a JPEG stores. Where colours are strong, decoding cuts them off at black and white, and
    their grey is no longer quite that luma.
    """
    with Image.open(io.BytesIO(content)) as image:
        if image.mode == "L":
            return read_scan(content, name, settings)
        grey = np.asarray(image.convert("L"))
        return Scan(grey, name, hashlib.sha256(content).hexdigest(), image.mode, 8)


def _by_class(pixels: Mapping[tuple[str, str], Moments]) -> dict[str, NDArray]:
    """Mean and deviation of each class, its planes merged."""
    merged: dict[str, Moments] = {}
    for (label, _), moments in pixels.items():
        merged.setdefault(label, Moments.empty(moments.mean.shape)).merge(moments)
    averages = {f"average/{label}": moments.mean / 255 for label, moments in merged.items()}
    return averages | {f"variability/{label}": moments.std() / 255 for label, moments in merged.items()}


def _done(started: float) -> None:
    say(FIRST)
    say(DONE + json.dumps({"seconds": time.perf_counter() - started, "peak_megabytes": peak_megabytes()}))
