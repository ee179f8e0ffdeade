"""Image layers for the viewer in the browser: the scan, evidence, outline and saliency."""

import base64
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.errors import BrainTumorError
from braintumor.imaging import Scan
from braintumor.imaging.compressed_scan import CompressedArray, CompressedScan
from braintumor.imaging.geometry import position_in_image
from braintumor.imaging.overlay import OUTLINE_COLOR, inferno_colors
from braintumor.imaging.windowing import unit_to_uint8, window_presets
from braintumor.inference import Detection, Detector
from braintumor.inference.model_card import SALIENCY_FILE
from braintumor.inference.saliency import NO_ENSEMBLE_SALIENCY
from braintumor.reporting.labels import label_text, verdict_title

# Larger than the viewer on any screen; zooming in on a larger scan shows these pixels.
_MAX_BASE_SIDE: Final = 1280
# Slices of other planes are shown at a third of that size.
_MAX_PLANE_SIDE: Final = 420
# Evidence is smooth: its own grid is much coarser than this.
_MAX_EVIDENCE_SIDE: Final = 256

Layer = dict[str, Any]
# Evidence in the warm colours of overlays and reports; saliency in one cold hue, so that both can be shown together.
COLORS: Final[dict[str, Any]] = {
    "evidence": inferno_colors(np.linspace(0.25, 1.0, 16)).tolist(),
    "saliency": np.linspace((20, 120, 110), (190, 255, 225), 16).round().astype(int).tolist(),
    "outline": "rgb({} {} {})".format(*OUTLINE_COLOR),
}


def picture_layer(compressed_scan: CompressedScan, max_side: int = _MAX_PLANE_SIDE) -> Layer:
    """Return a scan in its full bit depth with its initial window, size, and directions at its edges."""
    array, scan = compressed_scan.high_bit_depth or compressed_scan.gray, compressed_scan.stub
    if max(array.width, array.height) > max_side:
        array = CompressedArray.from_array(_shrink_to(array.to_array(), max_side))
    center, width = scan.window or (127.5, 255.0)
    return {
        **_encode_array(array), "center": center, "window": width, "size": picture_size(compressed_scan),
        "edges": scan.placement and scan.placement.edge_letters(),
    }  # fmt: skip


def base_layer(compressed_scan: CompressedScan) -> Layer:
    """Return the selected scan with the windows to choose."""
    array, scan = compressed_scan.high_bit_depth or compressed_scan.gray, compressed_scan.stub
    values = array.to_array()
    low, high = (0.0, 255.0) if array.bits == 8 else (float(values.min()), float(values.max()))
    return {
        **picture_layer(compressed_scan, _MAX_BASE_SIDE), "low": low, "high": high, "spacing": scan.spacing,
        "presets": window_presets(values, scan.file_windows, scan.unit, scan.window), "unit": scan.unit,
    }  # fmt: skip


def picture_size(compressed_scan: CompressedScan) -> dict[str, Any]:
    """Return the width and height of a scan in mm, or in pixels where the file states no size of a pixel."""
    gray, spacing = compressed_scan.gray, compressed_scan.stub.spacing
    if spacing is None:
        return {"width": gray.width, "height": gray.height, "unit": "pixels"}
    return {"width": gray.width * spacing[1], "height": gray.height * spacing[0], "unit": "mm"}


def make_panel(detection: Detection, scan: Scan, detector: Detector, with_saliency: bool) -> dict[str, Any]:
    """Return the layers of one version; none for an image without a result."""
    has_saliency = detector.artifact.has_file(SALIENCY_FILE)
    panel: dict[str, Any] = {
        "version": detection.model_version, "alt_text": alt_text(detection), "has_saliency": has_saliency,
    }  # fmt: skip
    if detector.artifact.card.members:
        panel["no_saliency_reason"] = NO_ENSEMBLE_SALIENCY
    if not detection.verdict.has_result:
        return {**panel, "rejected": True}
    layers: dict[str, NDArray[np.floating] | None] = {
        "evidence": detection.heat_map, "outline": detection.mask_probability,
    }  # fmt: skip
    if with_saliency and has_saliency:
        try:
            layers["saliency"] = detector.saliency(scan)
        except BrainTumorError:  # the gradient graph was altered; all other layers can still be shown
            panel["has_saliency"] = False
    for name, values in layers.items():
        if values is not None and values.any():
            levels = unit_to_uint8(values)
            max_side = 2 * _MAX_EVIDENCE_SIDE if name == "outline" else _MAX_EVIDENCE_SIDE
            panel[name] = _encode_array(CompressedArray.from_array(_shrink_to(levels, max_side)))
    return panel


def alt_text(detection: Detection) -> str:
    """Return the text alternative of a scan with its overlays."""
    text = f"Scan {detection.name}. {verdict_title(detection)}"
    heat_map, mask = detection.heat_map, detection.mask
    if not detection.verdict.has_result:
        return f"{text}."
    if heat_map is not None and heat_map.any():
        text += f"; evidence for {label_text(detection)} is strongest at the {position_in_image(heat_map)}"
    if mask is not None and mask.any():
        position = position_in_image(mask.astype(np.float32))
        text += f"; area outlined at the {position}, covering {mask.mean():.1%} of the image"
    return f"{text}."


def _encode_array(array: CompressedArray) -> Layer:
    return {
        "width": array.width, "height": array.height, "bits": array.bits, "slope": array.slope,
        "intercept": array.intercept, "data": base64.b64encode(array.data).decode("ascii"),
    }  # fmt: skip


def _shrink_to(values: NDArray[Any], max_side: int) -> NDArray[Any]:
    height, width = values.shape
    scale = max_side / max(height, width)
    if scale >= 1:
        return values
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))
