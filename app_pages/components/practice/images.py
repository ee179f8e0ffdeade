"""Pictures of practice: every scan on a black square of one size, so that neither size nor name tells its class."""

from typing import Final

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from app_pages.components.shared.page import show_missing
from braintumor.enums import Verdict
from braintumor.imaging.overlay import draw_overlay, outline_mask
from braintumor.inference import Detection
from braintumor.reader_study.cases import Case, load_case, reference_mask

IMAGE_SIDE: Final = 640
OVERLAY_ALPHA: Final = 0.6
# Okabe and Ito's green: told apart with any colour vision from the model's blue, and in no heat map.
TRUTH_COLOR: Final = (0, 158, 115)
LEGEND: Final = "Blue is the model's outline, green the true one. Warm colours mark what spoke for the model's answer."
HEAT_MAP, MODEL_OUTLINE, TRUE_OUTLINE = "Heat map", "Model's outline", "True outline"

ImageArray = NDArray[np.uint8]


def render_scan(case: Case, side: int = IMAGE_SIDE) -> ImageArray:
    """The scan as it is.

    Raises
    ------
    ScanError
        The file is missing or damaged.
    """
    return _pad_to_square(load_case(case).to_uint8(), side)


def available_layers(case: Case, detection: Detection) -> list[str]:
    """What can be laid over the scan: a refused one has no place, a healthy one no outline."""
    refused = detection.verdict is Verdict.NOT_BRAIN_MRI
    there = {
        HEAT_MAP: not refused and detection.heat_map is not None,
        MODEL_OUTLINE: not refused and detection.mask is not None and bool(detection.mask.any()),
        TRUE_OUTLINE: reference_mask(case) is not None,
    }
    return [layer for layer, is_there in there.items() if is_there]


def render_layers(case: Case, detection: Detection, selected_layers: list[str], side: int = IMAGE_SIDE) -> ImageArray:
    """The scan with what the reader chose to see of the model and of the truth."""
    grey = load_case(case).to_uint8()
    painted = draw_overlay(
        grey,
        detection.heat_map if HEAT_MAP in selected_layers else None,
        OVERLAY_ALPHA,
        detection.mask if MODEL_OUTLINE in selected_layers else None,
    ).copy()
    mask = reference_mask(case) if TRUE_OUTLINE in selected_layers else None
    if mask is not None:
        painted[outline_mask(mask)] = TRUTH_COLOR
    return _pad_to_square(painted, side)


def show_phantom_notice(note: str) -> None:
    """Say that there are no scans here, and how to get them."""
    show_missing(
        f"The images themselves are not on this machine. Until they are, **drawn phantoms** stand in for them: {note} "
        "No scan is shown, and the model was never taught on drawings, so its score says nothing here. Get the images "
        "with:",
        "braintumor data fetch",
    )


def show_phantom_badge() -> None:
    """The mark on every picture that is no scan."""
    st.badge("Drawn phantom, not a scan", color="orange", icon=":material/draw:")


def _pad_to_square(pixels: ImageArray, side: int) -> ImageArray:
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    square = Image.new("RGB", (side, side))
    fitted = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
    square.paste(fitted, ((side - size[0]) // 2, (side - size[1]) // 2))
    return np.asarray(square)
