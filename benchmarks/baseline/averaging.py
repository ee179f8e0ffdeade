"""Class averages of the image set by both methods, each in a separate process: ours, and the original project's.

Both compute the mean and the standard deviation of each pixel by class, on a scale of 0 to 1, and report when they are
done. `explore` runs the whole command, to measure its memory.
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

from benchmarks.baseline.methods import DONE, FIRST, peak_megabytes, write_line
from braintumor.exploration.accumulators import Moments
from braintumor.imaging import InputSpec, Scan, read_scan
from braintumor.settings import Settings, get_settings

# The original stretches every image to one size, without cropping.
SIDE: Final = 256
INPUT_SPEC: Final = InputSpec(SIDE, SIDE, channels=1, crop_margin=False, fit="stretch")
LUMA: Final = "luma/"


def ours(inputs: str, outputs: str, result: str, and_luma: bool) -> None:
    """Stream the images as `braintumor explore` does, with the preprocessing and the grey of the original.

    With `and_luma`, repeat it untimed with the grey of `explore`, as arrays with the prefix `luma/`.
    """
    from braintumor.datasets.manifest import read_manifest
    from braintumor.exploration.explore import build_tasks
    from braintumor.exploration.streaming import accumulate_statistics

    settings = get_settings().model_copy(update={"inputs": Path(inputs), "outputs": Path(outputs)})
    tasks = build_tasks(read_manifest(settings), settings)
    started = time.perf_counter()
    arrays = _maps_by_class(
        accumulate_statistics(tasks, INPUT_SPEC, settings, pixels_only=True, read=read_with_converted_gray).pixels
    )
    _report(started)
    if and_luma:
        luma = _maps_by_class(accumulate_statistics(tasks, INPUT_SPEC, settings, pixels_only=True).pixels)
        arrays |= {LUMA + key: values for key, values in luma.items()}
    np.savez(result, allow_pickle=False, **arrays)


def original(files: Mapping[str, Sequence[str]], result: str) -> None:
    """Load all images of a class with Keras, stack them, and compute mean and standard deviation with numpy."""
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
    _report(started)
    np.savez(result, allow_pickle=False, **arrays)


def explore(inputs: str, outputs: str) -> None:
    """Run the whole command in an outputs folder with the manifest and the near-duplicates."""
    from braintumor.exploration.explore import explore_dataset as run_explore

    started = time.perf_counter()
    run_explore(get_settings().model_copy(update={"inputs": Path(inputs), "outputs": Path(outputs)}))
    _report(started)


def read_with_converted_gray(content: bytes, name: str, settings: Settings) -> Scan:
    """Read a scan with the grey that Keras computes from its colours.

    `read_scan` uses the luma of a JPEG. Decoding clips saturated colours, so their grey differs slightly from the luma.
    """
    with Image.open(io.BytesIO(content)) as image:
        if image.mode == "L":
            return read_scan(content, name, settings)
        gray = np.asarray(image.convert("L"))
        return Scan(gray, name, hashlib.sha256(content).hexdigest(), image.mode, 8)


def _maps_by_class(pixels: Mapping[tuple[str, str], Moments]) -> dict[str, NDArray]:
    """Return mean and standard deviation maps of each class, with the planes merged."""
    merged: dict[str, Moments] = {}
    for (label, _), moments in pixels.items():
        merged.setdefault(label, Moments.empty(moments.mean.shape)).merge(moments)
    averages = {f"average/{label}": moments.mean / 255 for label, moments in merged.items()}
    return averages | {f"variability/{label}": moments.std() / 255 for label, moments in merged.items()}


def _report(started: float) -> None:
    write_line(FIRST)
    write_line(DONE + json.dumps({"seconds": time.perf_counter() - started, "peak_megabytes": peak_megabytes()}))
