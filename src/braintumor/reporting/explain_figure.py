"""The figure of an explanation: verdict and version above, the panels side by side, one line of caution below."""

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from braintumor.imaging import Scan
from braintumor.inference.detection import Detection
from braintumor.reporting.explain_paint import Panel, panels
from braintumor.reporting.lettering import fitted, font, lines, wide
from braintumor.reporting.words import VERDICTS, class_word, listed
from braintumor.vocabulary import RESEARCH_USE, Verdict

# The dark theme of the dashboard: scans are read on black.
GROUND: Final = "#10161C"
INK: Final = "#DCE5EC"
QUIET: Final = "#9DADBA"
TONES: Final = {
    Verdict.TUMOR_SUSPECTED: "#F0886F",
    Verdict.UNCERTAIN: "#E2AE55",
    Verdict.NO_TUMOR_FOUND: "#6FCBA4",
    Verdict.NOT_BRAIN_MRI: "#9DADBA",
}
SIDE: Final = 384
_MARGIN, _GAP = 28, 18
_TITLE, _TEXT, _SMALL = 30, 17, 14
# Heights: title, a line below it, a caption, a scale of colours, and the room for scales and notes below panels.
_HEADLINE, _LINE, _CAPTION, _BAR, _NOTES = 42, 24, 26, 8, 44


def explain_figure(scan: Scan, found: Detection, saliency: NDArray[np.floating] | None = None) -> bytes:
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
    drawn = panels(scan, found, saliency, SIDE)
    inner = max(sum(_width(panel) for panel in drawn) + _GAP * (len(drawn) - 1), 2 * SIDE)
    tall = max(panel.pixels.shape[0] for panel in drawn)
    said, caution = _said(found, inner), lines(RESEARCH_USE, _SMALL, inner)
    top = _MARGIN + _HEADLINE + (len(said) + 1) * _LINE + _GAP
    bottom = top + _CAPTION + tall + (_NOTES if any(panel.note for panel in drawn) else _GAP)
    image = Image.new("RGB", (inner + 2 * _MARGIN, bottom + 20 * len(caution) + _MARGIN - 4), GROUND)
    canvas = ImageDraw.Draw(image)
    _draw_title(canvas, found, said, inner)
    left = _MARGIN
    for panel in drawn:
        _draw_panel(image, canvas, panel, (left, top, tall))
        left += _width(panel) + _GAP
    for number, line in enumerate(caution):
        canvas.text((_MARGIN, bottom + 20 * number), line, QUIET, font(_SMALL))
    return png(image)


def png(image: Image.Image) -> bytes:
    """A picture as PNG."""
    content = io.BytesIO()
    image.save(content, "PNG", optimize=True)
    return content.getvalue()


def _width(panel: Panel) -> int:
    # A narrow scan still needs room for its caption.
    return max(panel.pixels.shape[1], SIDE * 3 // 4)


def _said(found: Detection, room: int) -> list[str]:
    """What is said of the scan below the verdict, in lines."""
    if found.verdict is Verdict.NOT_BRAIN_MRI:
        return lines(found.reason, _TEXT, room)
    said = [f"tumour probability {found.tumor_probability:.1%}"]
    if found.tells_kinds:
        likeliest = f"most probably {class_word(found.result)} ({found.probabilities[found.result]:.1%})"
        said = [likeliest, *said, f"in the 95% set: {listed(class_word(c) for c in found.prediction_set)}"]
    return lines(" · ".join(said), _TEXT, room)


def _draw_title(canvas: ImageDraw.ImageDraw, found: Detection, said: list[str], inner: int) -> None:
    version = fitted(found.model_version, _TEXT, inner // 2)
    canvas.text((_MARGIN, _MARGIN - 6), VERDICTS[found.verdict], TONES[found.verdict], font(_TITLE))
    canvas.text((_MARGIN + inner - wide(version, _TEXT), _MARGIN + 5), version, QUIET, font(_TEXT))
    for number, line in enumerate([*said, fitted(found.name, _TEXT, inner)]):
        colour = INK if number < len(said) else QUIET
        canvas.text((_MARGIN, _MARGIN + _HEADLINE + _LINE * number), line, colour, font(_TEXT))


def _draw_panel(image: Image.Image, canvas: ImageDraw.ImageDraw, panel: Panel, place: tuple[int, int, int]) -> None:
    left, top, tall = place
    canvas.text((left, top), fitted(panel.caption, _TEXT, _width(panel)), INK, font(_TEXT))
    image.paste(Image.fromarray(panel.pixels), (left, top + _CAPTION))
    if panel.note is None:
        return
    width, under = panel.pixels.shape[1], top + _CAPTION + tall + _GAP // 2
    if panel.colours is not None:
        image.paste(Image.fromarray(panel.colours[None]).resize((width, _BAR)), (left, under))
        under += _BAR
    low, high = panel.note
    canvas.text((left, under + 2), fitted(low, _SMALL, _width(panel)), QUIET, font(_SMALL))
    canvas.text((left + width - wide(high, _SMALL), under + 2), high, QUIET, font(_SMALL))
