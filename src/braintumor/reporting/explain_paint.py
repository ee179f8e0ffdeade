"""Panels of an explanation: scan, heat map, the two together and saliency, enlarged before they are coloured."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.imaging import Scan, draw_overlay
from braintumor.imaging.overlay import inferno_colors
from braintumor.inference.detection import MASK_THRESHOLD, Detection
from braintumor.reporting.overlays import HEAT_MAP_OPACITY
from braintumor.reporting.words import class_text
from braintumor.vocabulary import Verdict

RGBImage = NDArray[np.uint8]
# Saliency keeps the cold hue it has on the Detection page, so that it is never taken for evidence.
_SALIENCY_STOPS: Final = ((0, 0, 0), (20, 120, 110), (190, 255, 225))


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One picture of a figure.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
    caption : str
        What it shows.
    note : (str, str), optional
        What is written below it, at its left and its right: the ends of its scale of colours, where it has one.
    colours : ndarray of uint8, shape (steps, 3), optional
        That scale.
    """

    pixels: RGBImage = field(repr=False)
    caption: str
    note: tuple[str, str] | None = None
    color_scale: RGBImage | None = field(default=None, repr=False)


def make_panels(scan: Scan, detection: Detection, saliency: NDArray[np.floating] | None, side: int) -> list[Panel]:
    """All panels there are for a scan, each with its longer side `side` pixels long.

    A picture taken for no brain MRI has but one: no tumour was looked for, so no place is offered.
    """
    return list(_iter_panels(scan, detection, saliency, side))


def _iter_panels(scan: Scan, detection: Detection, saliency: NDArray[np.floating] | None, side: int) -> Iterator[Panel]:
    size = _fit_size(scan, side)
    yield Panel(_resize_gray(scan, size), "Scan")
    if detection.verdict is Verdict.NOT_BRAIN_MRI:
        return
    heat = detection.heat_map
    if heat is not None:
        ramp = inferno_colors(np.linspace(0, 1, 256))
        what = f"Evidence for {_evidence_label(detection)}"
        yield Panel(inferno_colors(resize_map(heat, size)), what, ("none", "strongest"), ramp)
    if heat is not None or detection.mask_probability is not None:
        outlined = detection.mask is not None and bool(detection.mask.any())
        note = ("blue: around what is tumour more likely than not", "") if outlined else None
        yield Panel(blend_heatmap(scan, detection, side), "Laid over the scan", note)
    if saliency is not None:
        ends = ("does not move the answer", "moves it most")
        yield Panel(
            saliency_colors(resize_map(saliency, size)), "Saliency", ends, saliency_colors(np.linspace(0, 1, 256))
        )


def blend_heatmap(scan: Scan, detection: Detection, side: int) -> RGBImage:
    """The scan under heat map and outline, its longer side `side` pixels long.

    Layers are enlarged one by one and then coloured: an outline is then as thin and smooth as the picture allows.
    """
    size = _fit_size(scan, side)
    grey = _resize_gray(scan, size)[..., 0]
    if detection.verdict is Verdict.NOT_BRAIN_MRI:
        return draw_overlay(grey, None)
    heat, tumour = detection.heat_map, detection.mask_probability
    mask = None if tumour is None else resize_map(tumour, size) > MASK_THRESHOLD
    return draw_overlay(grey, None if heat is None else resize_map(heat, size), HEAT_MAP_OPACITY, mask)


def _evidence_label(detection: Detection) -> str:
    return class_text(detection.result) if detection.is_multiclass or not detection.result.is_tumor else "a tumour"


def _fit_size(scan: Scan, side: int) -> tuple[int, int]:
    """Width and height; a sliver is shown no narrower than a fifth of its length."""
    scale = side / max(scan.width, scan.height)
    least = side // 5
    return max(least, round(scan.width * scale)), max(least, round(scan.height * scale))


def _resize_gray(scan: Scan, size: tuple[int, int]) -> RGBImage:
    grey = Image.fromarray(scan.to_uint8()).resize(size, Image.Resampling.LANCZOS)
    return np.asarray(grey.convert("RGB"))


def resize_map(values: NDArray[np.floating], size: tuple[int, int]) -> NDArray[np.float32]:
    """Values from 0 to 1 (height, width) brought to another size (width, height)."""
    image = Image.fromarray(np.asarray(values, np.float32)).resize(size, Image.Resampling.BILINEAR)
    return np.clip(np.asarray(image), 0.0, 1.0)


def saliency_colors(values: NDArray[np.floating]) -> RGBImage:
    """Colours (..., 3) of values (...) from 0 to 1, from black through teal to pale green."""
    stops = np.asarray(_SALIENCY_STOPS, np.float64)
    places = np.linspace(0, 1, len(stops))
    channels = [np.interp(values, places, stops[:, channel]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)
