"""Panels of an explanation: scan, heat map, the two together and saliency, enlarged before they are coloured."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.imaging import Scan, overlay
from braintumor.imaging.overlay import inferno
from braintumor.inference.detection import MASK_LEVEL, Detection
from braintumor.reporting.overlays import OPACITY
from braintumor.reporting.words import class_word
from braintumor.vocabulary import Verdict

Picture = NDArray[np.uint8]
# Saliency keeps the cold hue it has on the Detection page, so that it is never taken for evidence.
_COLD: Final = ((0, 0, 0), (20, 120, 110), (190, 255, 225))


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

    pixels: Picture = field(repr=False)
    caption: str
    note: tuple[str, str] | None = None
    colours: Picture | None = field(default=None, repr=False)


def panels(scan: Scan, found: Detection, saliency: NDArray[np.floating] | None, side: int) -> list[Panel]:
    """All panels there are for a scan, each with its longer side `side` pixels long.

    A picture taken for no brain MRI has but one: no tumour was looked for, so no place is offered.
    """
    return list(_panels(scan, found, saliency, side))


def _panels(scan: Scan, found: Detection, saliency: NDArray[np.floating] | None, side: int) -> Iterator[Panel]:
    size = _size(scan, side)
    yield Panel(_enlarged_grey(scan, size), "Scan")
    if found.verdict is Verdict.NOT_BRAIN_MRI:
        return
    heat = found.heat_map
    if heat is not None:
        ramp = inferno(np.linspace(0, 1, 256))
        what = f"Evidence for {_answer(found)}"
        yield Panel(inferno(enlarged(heat, size)), what, ("none", "strongest"), ramp)
    if heat is not None or found.mask_probability is not None:
        outlined = found.mask is not None and bool(found.mask.any())
        note = ("blue: around what is tumour more likely than not", "") if outlined else None
        yield Panel(laid_over(scan, found, side), "Laid over the scan", note)
    if saliency is not None:
        ends = ("does not move the answer", "moves it most")
        yield Panel(cold(enlarged(saliency, size)), "Saliency", ends, cold(np.linspace(0, 1, 256)))


def laid_over(scan: Scan, found: Detection, side: int) -> Picture:
    """The scan under heat map and outline, its longer side `side` pixels long.

    Layers are enlarged one by one and then coloured: an outline is then as thin and smooth as the picture allows.
    """
    size = _size(scan, side)
    grey = _enlarged_grey(scan, size)[..., 0]
    if found.verdict is Verdict.NOT_BRAIN_MRI:
        return overlay(grey, None)
    heat, tumour = found.heat_map, found.mask_probability
    mask = None if tumour is None else enlarged(tumour, size) > MASK_LEVEL
    return overlay(grey, None if heat is None else enlarged(heat, size), OPACITY, mask)


def _answer(found: Detection) -> str:
    return class_word(found.result) if found.tells_kinds or not found.result.is_tumor else "a tumour"


def _size(scan: Scan, side: int) -> tuple[int, int]:
    """Width and height; a sliver is shown no narrower than a fifth of its length."""
    scale = side / max(scan.width, scan.height)
    least = side // 5
    return max(least, round(scan.width * scale)), max(least, round(scan.height * scale))


def _enlarged_grey(scan: Scan, size: tuple[int, int]) -> Picture:
    grey = Image.fromarray(scan.to_uint8()).resize(size, Image.Resampling.LANCZOS)
    return np.asarray(grey.convert("RGB"))


def enlarged(values: NDArray[np.floating], size: tuple[int, int]) -> NDArray[np.float32]:
    """Values from 0 to 1 (height, width) brought to another size (width, height)."""
    image = Image.fromarray(np.asarray(values, np.float32)).resize(size, Image.Resampling.BILINEAR)
    return np.clip(np.asarray(image), 0.0, 1.0)


def cold(values: NDArray[np.floating]) -> Picture:
    """Colours (..., 3) of values (...) from 0 to 1, from black through teal to pale green."""
    stops = np.asarray(_COLD, np.float64)
    places = np.linspace(0, 1, len(stops))
    channels = [np.interp(values, places, stops[:, channel]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)
