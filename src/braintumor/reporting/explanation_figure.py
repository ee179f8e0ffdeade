"""The figure of an explanation: verdict and version above, the panels side by side, one line of caution below."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from braintumor.enums import RESEARCH_USE, Verdict
from braintumor.imaging import Scan, draw_overlay
from braintumor.imaging.overlay import inferno_colors
from braintumor.inference.detection import MASK_THRESHOLD, Detection
from braintumor.reporting.labels import VERDICTS, class_text, join_words
from braintumor.reporting.overlays import HEAT_MAP_OPACITY
from braintumor.reporting.text_rendering import fit_text, get_font, text_width, wrap_text

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


# The dark theme of the dashboard: scans are read on black.
BACKGROUND_COLOR: Final = "#10161C"
TEXT_COLOR: Final = "#DCE5EC"
MUTED_COLOR: Final = "#9DADBA"
VERDICT_COLORS: Final = {
    Verdict.TUMOR_SUSPECTED: "#F0886F",
    Verdict.UNCERTAIN: "#E2AE55",
    Verdict.NO_TUMOR_FOUND: "#6FCBA4",
    Verdict.NOT_BRAIN_MRI: "#9DADBA",
}
PANEL_SIDE: Final = 384
_MARGIN, _GAP = 28, 18
_TITLE_SIZE, _TEXT_SIZE, _SMALL_SIZE = 30, 17, 14
# Heights: title, a line below it, a caption, a scale of colours, and the room for scales and notes below panels.
_HEADLINE_HEIGHT, _LINE_HEIGHT, _CAPTION_HEIGHT, _BAR_HEIGHT, _NOTES_HEIGHT = 42, 24, 26, 8, 44


def render_explanation(scan: Scan, detection: Detection, saliency: NDArray[np.floating] | None = None) -> bytes:
    """The figure of one scan as PNG, with nothing in it but what is drawn.

    Parameters
    ----------
    scan : Scan
    found : Detection
        Of this scan.
    saliency : ndarray from 0 to 1, shape (height, width), optional
        As `Detector.saliency` gives it.

    Returns
    -------
    bytes
        Original, heat map, both together, and saliency where it is given. Versions without heat map or mask leave out
        those panels; a picture taken for no brain MRI is shown alone.
    """
    drawn = make_panels(scan, detection, saliency, PANEL_SIDE)
    inner = max(sum(_panel_width(panel) for panel in drawn) + _GAP * (len(drawn) - 1), 2 * PANEL_SIDE)
    tall = max(panel.pixels.shape[0] for panel in drawn)
    said, caution = _summary_lines(detection, inner), wrap_text(RESEARCH_USE, _SMALL_SIZE, inner)
    top = _MARGIN + _HEADLINE_HEIGHT + (len(said) + 1) * _LINE_HEIGHT + _GAP
    bottom = top + _CAPTION_HEIGHT + tall + (_NOTES_HEIGHT if any(panel.note for panel in drawn) else _GAP)
    image = Image.new("RGB", (inner + 2 * _MARGIN, bottom + 20 * len(caution) + _MARGIN - 4), BACKGROUND_COLOR)
    canvas = ImageDraw.Draw(image)
    _draw_title(canvas, detection, said, inner)
    left = _MARGIN
    for panel in drawn:
        _draw_panel(image, canvas, panel, (left, top, tall))
        left += _panel_width(panel) + _GAP
    for number, line in enumerate(caution):
        canvas.text((_MARGIN, bottom + 20 * number), line, MUTED_COLOR, get_font(_SMALL_SIZE))
    return encode_png(image)


def encode_png(image: Image.Image) -> bytes:
    """A picture as PNG."""
    content = io.BytesIO()
    image.save(content, "PNG", optimize=True)
    return content.getvalue()


def _panel_width(panel: Panel) -> int:
    # A narrow scan still needs room for its caption.
    return max(panel.pixels.shape[1], PANEL_SIDE * 3 // 4)


def _summary_lines(detection: Detection, max_width: int) -> list[str]:
    """What is said of the scan below the verdict, in lines."""
    if detection.verdict is Verdict.NOT_BRAIN_MRI:
        return wrap_text(detection.reason, _TEXT_SIZE, max_width)
    said = [f"tumour probability {detection.tumor_probability:.1%}"]
    if detection.is_multiclass:
        likeliest = f"most probably {class_text(detection.result)} ({detection.probabilities[detection.result]:.1%})"
        said = [likeliest, *said, f"in the 95% set: {join_words(class_text(c) for c in detection.prediction_set)}"]
    return wrap_text(" · ".join(said), _TEXT_SIZE, max_width)


def _draw_title(canvas: ImageDraw.ImageDraw, detection: Detection, summary: list[str], inner_width: int) -> None:
    version = fit_text(detection.model_version, _TEXT_SIZE, inner_width // 2)
    canvas.text(
        (_MARGIN, _MARGIN - 6), VERDICTS[detection.verdict], VERDICT_COLORS[detection.verdict], get_font(_TITLE_SIZE)
    )
    canvas.text(
        (_MARGIN + inner_width - text_width(version, _TEXT_SIZE), _MARGIN + 5),
        version,
        MUTED_COLOR,
        get_font(_TEXT_SIZE),
    )
    for number, line in enumerate([*summary, fit_text(detection.name, _TEXT_SIZE, inner_width)]):
        colour = TEXT_COLOR if number < len(summary) else MUTED_COLOR
        canvas.text((_MARGIN, _MARGIN + _HEADLINE_HEIGHT + _LINE_HEIGHT * number), line, colour, get_font(_TEXT_SIZE))


def _draw_panel(image: Image.Image, canvas: ImageDraw.ImageDraw, panel: Panel, position: tuple[int, int, int]) -> None:
    left, top, tall = position
    canvas.text((left, top), fit_text(panel.caption, _TEXT_SIZE, _panel_width(panel)), TEXT_COLOR, get_font(_TEXT_SIZE))
    image.paste(Image.fromarray(panel.pixels), (left, top + _CAPTION_HEIGHT))
    if panel.note is None:
        return
    width, under = panel.pixels.shape[1], top + _CAPTION_HEIGHT + tall + _GAP // 2
    if panel.color_scale is not None:
        image.paste(Image.fromarray(panel.color_scale[None]).resize((width, _BAR_HEIGHT)), (left, under))
        under += _BAR_HEIGHT
    low, high = panel.note
    canvas.text((left, under + 2), fit_text(low, _SMALL_SIZE, _panel_width(panel)), MUTED_COLOR, get_font(_SMALL_SIZE))
    canvas.text((left + width - text_width(high, _SMALL_SIZE), under + 2), high, MUTED_COLOR, get_font(_SMALL_SIZE))
