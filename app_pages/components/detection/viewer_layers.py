"""Layers: the chosen scan and what the model says of its places, as the viewer in the browser takes them."""

import base64
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app_pages.components.shared.formatting import VERDICT_TITLES
from braintumor.enums import Verdict
from braintumor.errors import BrainTumorError
from braintumor.imaging import Scan, inferno_colors
from braintumor.imaging.compressed_scan import CompressedArray, CompressedScan
from braintumor.imaging.geometry import position_in_image
from braintumor.imaging.overlay import OUTLINE_COLOR
from braintumor.inference import Detection, Detector
from braintumor.inference.registry import SALIENCY_FILE
from braintumor.inference.saliency import NO_ENSEMBLE_SALIENCY
from braintumor.reporting.labels import label_text

# No screen shows more of a scan at once; zooming in on a larger one shows these pixels.
_MAX_BASE_SIDE: Final = 1280
# Evidence is smooth: its own grid is far coarser than this.
_MAX_EVIDENCE_SIDE: Final = 256

Layer = dict[str, Any]
# Evidence in the warm colours it has in overlays and reports; saliency in one cold hue, so that the two can be told
# apart where both are shown.
COLORS: Final[dict[str, Any]] = {
    "evidence": inferno_colors(np.linspace(0.25, 1.0, 16)).tolist(),
    "saliency": np.linspace((20, 120, 110), (190, 255, 225), 16).round().astype(int).tolist(),
    "outline": "rgb({} {} {})".format(*OUTLINE_COLOR),
}


def base_layer(compressed_scan: CompressedScan) -> Layer:
    """The scan itself, deep where it is, and the window it is first shown in."""
    plane = compressed_scan.high_bit_depth or compressed_scan.gray
    scan = compressed_scan.stub
    centre, width = (scan.window or _full_window(plane)) if compressed_scan.high_bit_depth else (127.5, 255.0)
    if max(plane.width, plane.height) > _MAX_BASE_SIDE:
        plane = CompressedArray.from_array(_shrink_to(plane.to_array(), _MAX_BASE_SIDE))
    low, high = _value_range(plane)
    return {
        **_encode_array(plane), "centre": centre, "window": width, "low": low, "high": high,
        "deep": compressed_scan.high_bit_depth is not None, "spacing": scan.spacing,
    }  # fmt: skip


def _full_window(array: CompressedArray) -> tuple[float, float]:
    low, high = _value_range(array)
    return (low + high) / 2, max(high - low, 1.0)


def _value_range(array: CompressedArray) -> tuple[float, float]:
    if array.bits == 8:
        return 0.0, 255.0
    values = array.to_array()
    return float(values.min()), float(values.max())


def make_panel(detection: Detection, scan: Scan, detector: Detector, with_saliency: bool) -> dict[str, Any]:
    """What one version says of the places of a scan; nothing of a picture that it takes for no brain MRI."""
    traced = detector.artifact.has_file(SALIENCY_FILE)
    shown: dict[str, Any] = {"version": detection.model_version, "said": alt_text(detection), "traced": traced}
    if detector.artifact.card.members:
        shown["untraced"] = NO_ENSEMBLE_SALIENCY
    if detection.verdict is Verdict.NOT_BRAIN_MRI:
        return {**shown, "refused": True}
    heat, mask = detection.heat_map, detection.mask_probability
    layers: dict[str, NDArray[np.floating] | None] = {"evidence": heat, "outline": mask}
    if with_saliency and traced:
        try:
            layers["saliency"] = detector.saliency(scan)
        except BrainTumorError:  # the graph was altered: all else can still be shown
            shown["traced"] = False
    for name, values in layers.items():
        if values is not None and values.any():
            steps = np.rint(np.clip(values, 0.0, 1.0) * 255.0).astype(np.uint8)
            shown[name] = _encode_array(
                CompressedArray.from_array(
                    _shrink_to(steps, _MAX_EVIDENCE_SIDE if name != "outline" else 2 * _MAX_EVIDENCE_SIDE)
                )
            )
    return shown


def alt_text(detection: Detection) -> str:
    """What a scan shows, for those who cannot see it."""
    words = f"Scan {detection.name}. {VERDICT_TITLES[detection.verdict]}"
    heat, mask = detection.heat_map, detection.mask
    if detection.verdict is Verdict.NOT_BRAIN_MRI:
        return f"{words}."
    if heat is not None and heat.any():
        words += f"; what spoke for {label_text(detection)} is strongest at the {position_in_image(heat)}"
    if mask is not None and mask.any():
        words += f"; tumour is outlined at the {position_in_image(mask.astype(np.float32))}, over {mask.mean():.1%} of the image"
    return f"{words}."


def _encode_array(array: CompressedArray) -> Layer:
    return {
        "width": array.width, "height": array.height, "bits": array.bits, "slope": array.slope,
        "intercept": array.intercept, "data": base64.b64encode(array.data).decode("ascii"),
    }  # fmt: skip


def _shrink_to(values: NDArray[Any], largest: int) -> NDArray[Any]:
    height, width = values.shape
    scale = largest / max(height, width)
    if scale >= 1:
        return values
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))
