"""Pictures of practice: every scan on a black square of one size, so that neither size nor name tells its class."""

from typing import Final

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from app_pages.components.frame import missing
from braintumor.evaluation.practice import Case, scan_of, true_mask
from braintumor.imaging.overlay import outline, overlay
from braintumor.inference import Detection
from braintumor.vocabulary import Verdict

SIDE: Final = 640
STRENGTH: Final = 0.6
# Okabe and Ito's green: told apart with any colour vision from the model's blue, and in no heat map.
TRUTH: Final = (0, 158, 115)
LEGEND: Final = "Blue is the model's outline, green the true one. Warm colours mark what spoke for the model's answer."
HEAT, SAID, TRUE = "Heat map", "Model's outline", "True outline"

Picture = NDArray[np.uint8]


def plain(case: Case, side: int = SIDE) -> Picture:
    """The scan as it is.

    Raises
    ------
    ScanError
        The file is missing or damaged.
    """
    return _squared(scan_of(case).to_uint8(), side)


def layers(case: Case, found: Detection) -> list[str]:
    """What can be laid over the scan: a refused one has no place, a healthy one no outline."""
    refused = found.verdict is Verdict.NOT_BRAIN_MRI
    there = {
        HEAT: not refused and found.heat_map is not None,
        SAID: not refused and found.mask is not None and bool(found.mask.any()),
        TRUE: true_mask(case) is not None,
    }
    return [layer for layer, is_there in there.items() if is_there]


def laid_over(case: Case, found: Detection, chosen: list[str], side: int = SIDE) -> Picture:
    """The scan with what the reader chose to see of the model and of the truth."""
    grey = scan_of(case).to_uint8()
    painted = overlay(
        grey, found.heat_map if HEAT in chosen else None, STRENGTH, found.mask if SAID in chosen else None
    ).copy()
    mask = true_mask(case) if TRUE in chosen else None
    if mask is not None:
        painted[outline(mask)] = TRUTH
    return _squared(painted, side)


def say_drawn(what: str) -> None:
    """Say that there are no scans here, and how to get them."""
    missing(
        f"The images themselves are not on this machine. Until they are, **drawn phantoms** stand in for them: {what} "
        "No scan is shown, and the model was never taught on drawings, so its score says nothing here. Get the images "
        "with:",
        "braintumor data fetch",
    )


def mark_drawn() -> None:
    """The mark on every picture that is no scan."""
    st.badge("Drawn phantom, not a scan", color="orange", icon=":material/draw:")


def _squared(pixels: Picture, side: int) -> Picture:
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    square = Image.new("RGB", (side, side))
    fitted = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
    square.paste(fitted, ((side - size[0]) // 2, (side - size[1]) // 2))
    return np.asarray(square)
