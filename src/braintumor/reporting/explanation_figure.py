"""Figure that explains one prediction: verdict and model, then scan, heat map, overlay and saliency in a row."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from braintumor.enums import RESEARCH_USE, Verdict
from braintumor.imaging import Scan
from braintumor.imaging.overlay import draw_overlay, inferno_colors
from braintumor.inference.detection import MASK_THRESHOLD, Detection
from braintumor.reporting.overlays import HEAT_MAP_OPACITY
from braintumor.reporting.text_rendering import fit_text, get_font, text_width, wrap_text
from braintumor.text import VERDICT_TITLES, class_text, join_words

RGBImage = NDArray[np.uint8]

# The dark theme of the dashboard.
BACKGROUND_COLOR: Final = "#10161C"
TEXT_COLOR: Final = "#DCE5EC"
MUTED_COLOR: Final = "#9DADBA"
VERDICT_COLORS: Final = {
    Verdict.TUMOR_SUSPECTED: "#F0886F",
    Verdict.UNCERTAIN: "#E2AE55",
    Verdict.NO_TUMOR_FOUND: "#6FCBA4",
    Verdict.OUTSIDE_FIELD: "#9DADBA",
    Verdict.NOT_BRAIN_MRI: "#9DADBA",
}
# The cold hue that saliency has on the Detection page, to distinguish it from evidence.
_SALIENCY_STOPS: Final = ((0, 0, 0), (20, 120, 110), (190, 255, 225))

# Sizes in pixels.
PANEL_SIDE: Final = 384
CAUTION_LINE_HEIGHT: Final = 20
_MARGIN, _GAP = 28, 18
_TITLE_SIZE, _TEXT_SIZE, _SMALL_SIZE = 30, 17, 14
_HEADLINE_HEIGHT, _LINE_HEIGHT, _CAPTION_HEIGHT = 42, 24, 26
_BAR_HEIGHT, _NOTES_HEIGHT = 8, 44  # a colour scale, and the space for scales and notes below the panels


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One image of a figure.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
    caption : str
    note : (str, str), optional
        Texts below it, left and right; with a colour scale, the meaning of its ends.
    color_scale : ndarray of uint8, shape (steps, 3), optional
    """

    pixels: RGBImage = field(repr=False)
    caption: str
    note: tuple[str, str] | None = None
    color_scale: RGBImage | None = field(default=None, repr=False)

    @property
    def width(self) -> int:
        """Width in the figure; a narrow scan still needs space for its caption."""
        return max(self.pixels.shape[1], PANEL_SIDE * 3 // 4)


def render_explanation(scan: Scan, detection: Detection, saliency: NDArray[np.floating] | None = None) -> bytes:
    """Draw the figure of one scan as PNG, without metadata.

    Parameters
    ----------
    scan : Scan
    detection : Detection
        Of this scan.
    saliency : ndarray from 0 to 1, shape (height, width), optional
        As returned by `Detector.saliency`.

    Returns
    -------
    bytes
        Scan, heat map, overlay and saliency; panels without data are left out. An image that is rejected as not a
        brain MRI is shown alone.
    """
    panels = make_panels(scan, detection, saliency, PANEL_SIDE)
    inner_width = max(sum(panel.width for panel in panels) + _GAP * (len(panels) - 1), 2 * PANEL_SIDE)
    panel_height = max(panel.pixels.shape[0] for panel in panels)
    summary, caution = summary_lines(detection, inner_width), wrap_text(RESEARCH_USE, _SMALL_SIZE, inner_width)
    top = _MARGIN + _HEADLINE_HEIGHT + (len(summary) + 1) * _LINE_HEIGHT + _GAP
    bottom = top + _CAPTION_HEIGHT + panel_height + (_NOTES_HEIGHT if any(panel.note for panel in panels) else _GAP)
    height = bottom + CAUTION_LINE_HEIGHT * len(caution) + _MARGIN - 4
    image = Image.new("RGB", (inner_width + 2 * _MARGIN, height), BACKGROUND_COLOR)
    canvas = ImageDraw.Draw(image)
    _draw_title(canvas, detection, summary, inner_width)
    left = _MARGIN
    for panel in panels:
        _draw_panel(image, canvas, panel, (left, top, panel_height))
        left += panel.width + _GAP
    draw_caution(canvas, caution, (_MARGIN, bottom))
    return encode_png(image)


def make_panels(scan: Scan, detection: Detection, saliency: NDArray[np.floating] | None, side: int) -> list[Panel]:
    """Return the panels of a scan, with `side` pixels along their longer side.

    An image without a result, such as one that is not a brain MRI, has only the first one.
    """
    return list(_iter_panels(scan, detection, saliency, side))


def _iter_panels(scan: Scan, detection: Detection, saliency: NDArray[np.floating] | None, side: int) -> Iterator[Panel]:
    size = _fit_size(scan, side)
    yield Panel(_resize_gray(scan, size), "Scan")
    if not detection.verdict.has_result:
        return
    heat_map, scale = detection.heat_map, np.linspace(0, 1, 256)
    if heat_map is not None:
        pixels, caption = inferno_colors(resize_map(heat_map, size)), f"Evidence for {_evidence_label(detection)}"
        yield Panel(pixels, caption, ("none", "strongest"), inferno_colors(scale))
    if heat_map is not None or detection.mask_probability is not None:
        has_outline = detection.mask is not None and bool(detection.mask.any())
        note = ("blue: tumour probability above 50%", "") if has_outline else None
        yield Panel(blend_heatmap(scan, detection, side), "Overlay", note)
    if saliency is not None:
        pixels = saliency_colors(resize_map(saliency, size))
        yield Panel(pixels, "Saliency", ("no effect", "strongest effect"), saliency_colors(scale))


def blend_heatmap(scan: Scan, detection: Detection, side: int) -> RGBImage:
    """Draw the scan with heat map and outline, with `side` pixels along its longer side.

    The maps are enlarged before they are drawn, so the outline is thin and smooth.
    """
    size = _fit_size(scan, side)
    gray = _resize_gray(scan, size)[..., 0]
    if not detection.verdict.has_result:
        return draw_overlay(gray, None)
    heat_map, probability = detection.heat_map, detection.mask_probability
    mask = None if probability is None else resize_map(probability, size) > MASK_THRESHOLD
    return draw_overlay(gray, None if heat_map is None else resize_map(heat_map, size), HEAT_MAP_OPACITY, mask)


def resize_map(values: NDArray[np.floating], size: tuple[int, int]) -> NDArray[np.float32]:
    """Resize values (height, width) from 0 to 1 to a size (width, height)."""
    image = Image.fromarray(np.asarray(values, np.float32)).resize(size, Image.Resampling.BILINEAR)
    return np.clip(np.asarray(image), 0.0, 1.0)


def saliency_colors(values: NDArray[np.floating]) -> RGBImage:
    """Map values (...) from 0 to 1 to RGB colours (..., 3) from black through teal to pale green."""
    stops = np.asarray(_SALIENCY_STOPS, np.float64)
    positions = np.linspace(0, 1, len(stops))
    channels = [np.interp(values, positions, stops[:, channel]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def summary_lines(detection: Detection, max_width: int) -> list[str]:
    """Return the lines below the verdict, of at most a width in pixels."""
    if not detection.verdict.has_result:
        return wrap_text(detection.reason, _TEXT_SIZE, max_width)
    items = [f"tumour probability {detection.tumor_probability:.1%}"]
    if detection.is_multiclass:
        predicted = f"{class_text(detection.result)} ({detection.probabilities[detection.result]:.1%})"
        prediction_set = join_words(class_text(c) for c in detection.prediction_set)
        items = [f"most likely class: {predicted}", *items, f"95% prediction set: {prediction_set}"]
    return wrap_text(" · ".join(items), _TEXT_SIZE, max_width)


def draw_caution(canvas: ImageDraw.ImageDraw, lines: list[str], position: tuple[int, int]) -> None:
    """Draw the small print at the bottom of a figure."""
    left, top = position
    for number, line in enumerate(lines):
        canvas.text((left, top + CAUTION_LINE_HEIGHT * number), line, MUTED_COLOR, get_font(_SMALL_SIZE))


def encode_png(image: Image.Image) -> bytes:
    """Encode an image as PNG."""
    content = io.BytesIO()
    image.save(content, "PNG", optimize=True)
    return content.getvalue()


def _draw_title(canvas: ImageDraw.ImageDraw, detection: Detection, summary: list[str], inner_width: int) -> None:
    title, color, font = VERDICT_TITLES[detection.verdict], VERDICT_COLORS[detection.verdict], get_font(_TEXT_SIZE)
    version = fit_text(detection.model_version, _TEXT_SIZE, inner_width // 2)
    version_left = _MARGIN + inner_width - text_width(version, _TEXT_SIZE)
    canvas.text((_MARGIN, _MARGIN - 6), title, color, get_font(_TITLE_SIZE))
    canvas.text((version_left, _MARGIN + 5), version, MUTED_COLOR, font)
    for number, line in enumerate([*summary, fit_text(detection.name, _TEXT_SIZE, inner_width)]):
        color = TEXT_COLOR if number < len(summary) else MUTED_COLOR
        canvas.text((_MARGIN, _MARGIN + _HEADLINE_HEIGHT + _LINE_HEIGHT * number), line, color, font)


def _draw_panel(image: Image.Image, canvas: ImageDraw.ImageDraw, panel: Panel, position: tuple[int, int, int]) -> None:
    left, top, panel_height = position
    canvas.text((left, top), fit_text(panel.caption, _TEXT_SIZE, panel.width), TEXT_COLOR, get_font(_TEXT_SIZE))
    image.paste(Image.fromarray(panel.pixels), (left, top + _CAPTION_HEIGHT))
    if panel.note is None:
        return
    width, note_top = panel.pixels.shape[1], top + _CAPTION_HEIGHT + panel_height + _GAP // 2
    if panel.color_scale is not None:
        image.paste(Image.fromarray(panel.color_scale[None]).resize((width, _BAR_HEIGHT)), (left, note_top))
        note_top += _BAR_HEIGHT
    low, high = panel.note
    font, high_left = get_font(_SMALL_SIZE), left + width - text_width(high, _SMALL_SIZE)
    canvas.text((left, note_top + 2), fit_text(low, _SMALL_SIZE, panel.width), MUTED_COLOR, font)
    canvas.text((high_left, note_top + 2), high, MUTED_COLOR, font)


def _evidence_label(detection: Detection) -> str:
    return class_text(detection.result) if detection.is_multiclass or not detection.result.is_tumor else "a tumour"


def _fit_size(scan: Scan, side: int) -> tuple[int, int]:
    """Return width and height; the shorter side is at least a fifth of the longer one."""
    scale, smallest = side / max(scan.width, scan.height), side // 5
    return max(smallest, round(scan.width * scale)), max(smallest, round(scan.height * scale))


def _resize_gray(scan: Scan, size: tuple[int, int]) -> RGBImage:
    gray = Image.fromarray(scan.to_uint8()).resize(size, Image.Resampling.LANCZOS)
    return np.asarray(gray.convert("RGB"))
