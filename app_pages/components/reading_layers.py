"""Layers: the chosen scan and what the model says of its places, as the viewer in the browser takes them."""

import base64
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app_pages.components.reading_picture import Picture, Plane
from app_pages.components.words import VERDICT_TITLES
from braintumor.errors import BrainTumorError
from braintumor.exploration.sentences import place
from braintumor.imaging import Scan, inferno
from braintumor.imaging.overlay import OUTLINE
from braintumor.inference import Detection, Detector
from braintumor.inference.artifact import SALIENCY
from braintumor.inference.saliency import NO_ENSEMBLE_SALIENCY
from braintumor.reporting.answer import answer_word
from braintumor.vocabulary import Verdict

# No screen shows more of a scan at once; zooming in on a larger one shows these pixels.
_LARGEST: Final = 1280
# Evidence is smooth: its own grid is far coarser than this.
_COARSE: Final = 256

Layer = dict[str, Any]
# Evidence in the warm colours it has in overlays and reports; saliency in one cold hue, so that the two can be told
# apart where both are shown.
COLOURS: Final[dict[str, Any]] = {
    "evidence": inferno(np.linspace(0.25, 1.0, 16)).tolist(),
    "saliency": np.linspace((20, 120, 110), (190, 255, 225), 16).round().astype(int).tolist(),
    "outline": "rgb({} {} {})".format(*OUTLINE),
}


def base_layer(picture: Picture) -> Layer:
    """The scan itself, deep where it is, and the window it is first shown in."""
    plane = picture.deep or picture.grey
    scan = picture.stub
    centre, width = (scan.window or _whole(plane)) if picture.deep else (127.5, 255.0)
    if max(plane.width, plane.height) > _LARGEST:
        plane = Plane.of(_fitted(plane.values(), _LARGEST))
    low, high = _ends(plane)
    return {
        **_sent(plane), "centre": centre, "window": width, "low": low, "high": high,
        "deep": picture.deep is not None, "spacing": scan.spacing,
    }  # fmt: skip


def _whole(plane: Plane) -> tuple[float, float]:
    low, high = _ends(plane)
    return (low + high) / 2, max(high - low, 1.0)


def _ends(plane: Plane) -> tuple[float, float]:
    if plane.bits == 8:
        return 0.0, 255.0
    values = plane.values()
    return float(values.min()), float(values.max())


def pane(found: Detection, scan: Scan, detector: Detector, with_saliency: bool) -> dict[str, Any]:
    """What one version says of the places of a scan; nothing of a picture that it takes for no brain MRI."""
    traced = detector.artifact.has(SALIENCY)
    shown: dict[str, Any] = {"version": found.model_version, "said": said(found), "traced": traced}
    if detector.artifact.card.members:
        shown["untraced"] = NO_ENSEMBLE_SALIENCY
    if found.verdict is Verdict.NOT_BRAIN_MRI:
        return {**shown, "refused": True}
    heat, mask = found.heat_map, found.mask_probability
    layers: dict[str, NDArray[np.floating] | None] = {"evidence": heat, "outline": mask}
    if with_saliency and traced:
        try:
            layers["saliency"] = detector.saliency(scan)
        except BrainTumorError:  # the graph was altered: all else can still be shown
            shown["traced"] = False
    for name, values in layers.items():
        if values is not None and values.any():
            steps = np.rint(np.clip(values, 0.0, 1.0) * 255.0).astype(np.uint8)
            shown[name] = _sent(Plane.of(_fitted(steps, _COARSE if name != "outline" else 2 * _COARSE)))
    return shown


def said(found: Detection) -> str:
    """What a scan shows, for those who cannot see it."""
    words = f"Scan {found.name}. {VERDICT_TITLES[found.verdict]}"
    heat, mask = found.heat_map, found.mask
    if found.verdict is Verdict.NOT_BRAIN_MRI:
        return f"{words}."
    if heat is not None and heat.any():
        words += f"; what spoke for {answer_word(found)} is strongest at the {place(heat)}"
    if mask is not None and mask.any():
        words += f"; tumour is outlined at the {place(mask.astype(np.float32))}, over {mask.mean():.1%} of the image"
    return f"{words}."


def _sent(plane: Plane) -> Layer:
    return {
        "width": plane.width, "height": plane.height, "bits": plane.bits, "slope": plane.slope,
        "intercept": plane.intercept, "data": base64.b64encode(plane.data).decode("ascii"),
    }  # fmt: skip


def _fitted(values: NDArray[Any], largest: int) -> NDArray[Any]:
    height, width = values.shape
    scale = largest / max(height, width)
    if scale >= 1:
        return values
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))
