"""Overlays: verdicts with text drawn on scans are compared with those without."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
from PIL import Image

from braintumor.enums import NO_TUMOR_INDEX, Verdict
from braintumor.evaluation.stress_test.context import StressTestContext
from braintumor.evaluation.stress_test.overlay_drawing import OVERLAYS
from braintumor.evaluation.stress_test.overlays import measure_overlays
from braintumor.settings import get_settings
from tests.helpers.scan_files.pictures import draw_slice


def _detect(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> SimpleNamespace:
    """Suspect a tumour in every picture without a bright bar."""
    return SimpleNamespace(verdict=Verdict.NO_TUMOR_FOUND if pixels[-4:].mean() > 100 else Verdict.TUMOR_SUSPECTED)


def test_shares_are_measured_for_each_overlay(tmp_path: Path) -> None:
    paths = [tmp_path / f"{seed}.png" for seed in range(6)]
    for seed, path in enumerate(paths):
        Image.fromarray(draw_slice(seed, 128)).save(path)
    labels = np.array([0, 0, 0, NO_TUMOR_INDEX, NO_TUMOR_INDEX, 1])
    context = SimpleNamespace(
        data=SimpleNamespace(labels=labels, manifest=pd.DataFrame({"group": list("abcdef")})),
        test_rows=np.arange(6),
        image_path=lambda row: paths[row],
        settings=get_settings(),
        detector=SimpleNamespace(detect=_detect),
        replicates=20,
    )
    metrics = measure_overlays(cast(StressTestContext, context), tumors=3, tumor_free=2).metrics
    assert (metrics["suspected"]["value"], metrics["suspected"]["n"]) == (1, 3)
    assert (metrics["tumor_free_suspected"]["value"], metrics["tumor_free_suspected"]["n"]) == (1, 2)
    assert metrics["suspected@overlay:bottom bar"]["value"] == 0
    assert metrics["cleared@overlay:bottom bar"]["value"] == 1
    assert {name.partition("@overlay:")[2] for name in metrics} == {"", *OVERLAYS}


def test_overlays_are_drawn_at_every_size() -> None:
    for draw in OVERLAYS.values():
        for size in (96, 512):
            pixels = draw_slice(1, size)
            assert draw(pixels).shape == pixels.shape
            assert np.any(draw(pixels) != pixels)
