"""Images of the Practice page: every scan on a black square of one size, so that its size does not reveal its class."""

from typing import Final

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from braintumor.imaging.overlay import draw_overlay, outline_mask
from braintumor.inference import Detection
from braintumor.reader_study.cases import Case, load_case, reference_mask

IMAGE_SIDE: Final = 640
OVERLAY_ALPHA: Final = 0.6
# Green of the Okabe-Ito palette: distinguishable from the model's blue with any colour vision, and in no heat map.
TRUTH_COLOR: Final = (0, 158, 115)
LEGEND: Final = "Blue: the model's outline. Green: the true outline. Warm colours: evidence for the model's answer."
HEAT_MAP, MODEL_OUTLINE, TRUE_OUTLINE = "Heat map", "Model's outline", "True outline"

ImageArray = NDArray[np.uint8]


def render_scan(case: Case, side: int = IMAGE_SIDE) -> ImageArray:
    """Render the scan without overlays.

    Raises
    ------
    ScanError
        The file is missing or damaged.
    """
    return _pad_to_square(load_case(case).to_uint8(), side)


def available_layers(case: Case, detection: Detection) -> list[str]:
    """Return the overlays available for a scan: none of the model if it rejected the scan."""
    has_result = detection.verdict.has_result
    availability = {
        HEAT_MAP: has_result and detection.heat_map is not None,
        MODEL_OUTLINE: has_result and detection.mask is not None and bool(detection.mask.any()),
        TRUE_OUTLINE: reference_mask(case) is not None,
    }
    return [layer for layer, is_available in availability.items() if is_available]


def render_layers(case: Case, detection: Detection, selected_layers: list[str], side: int = IMAGE_SIDE) -> ImageArray:
    """Render the scan with the selected overlays."""
    pixels = draw_overlay(
        load_case(case).to_uint8(),
        detection.heat_map if HEAT_MAP in selected_layers else None,
        OVERLAY_ALPHA,
        detection.mask if MODEL_OUTLINE in selected_layers else None,
    ).copy()
    mask = reference_mask(case) if TRUE_OUTLINE in selected_layers else None
    if mask is not None:
        pixels[outline_mask(mask)] = TRUTH_COLOR
    return _pad_to_square(pixels, side)


def show_phantom_badge() -> None:
    """Mark an image as synthetic."""
    st.badge("Synthetic phantom, not a scan", color="orange", icon=":material/draw:")


def _pad_to_square(pixels: ImageArray, side: int) -> ImageArray:
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    square = Image.new("RGB", (side, side))
    resized = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
    square.paste(resized, ((side - size[0]) // 2, (side - size[1]) // 2))
    return np.asarray(square)
