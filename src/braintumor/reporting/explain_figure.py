"""The figure of an explanation: verdict and version above, the panels side by side, one line of caution below."""

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from braintumor.imaging import Scan
from braintumor.inference.detection import Detection
from braintumor.reporting.explain_paint import Panel, make_panels
from braintumor.reporting.lettering import fit_text, get_font, text_width, wrap_text
from braintumor.reporting.words import VERDICTS, class_text, join_words
from braintumor.vocabulary import RESEARCH_USE, Verdict

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
