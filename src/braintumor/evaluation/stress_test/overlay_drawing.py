"""Burned-in text, rulers and logos as viewers and scanners draw them, for the stress test `overlays`."""

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.uint8]
OverlayFunction = Callable[[Pixels], Pixels]

_LINES: Final = ("ANON", "Se: 5 Im: 12/24", "W:512 L:256", "TR550 TE 12")
_WHITE: Final = (255, 255, 255)
_YELLOW: Final = (255, 255, 0)
_GREEN: Final = (0, 230, 0)


class _Canvas:
    """A picture to draw on in colour; sizes are fractions of its longer side."""

    def __init__(self, pixels: Pixels) -> None:
        self.image = Image.fromarray(pixels).convert("RGB")
        self.draw = ImageDraw.Draw(self.image)
        self.side = max(self.image.size)

    def text(
        self, place: str, lines: tuple[str, ...] = _LINES, size: float = 0.025, fill: tuple[int, int, int] = _WHITE
    ) -> None:
        """Write lines into the corner `left top`, `right bottom` and so on."""
        font = ImageFont.load_default(max(9.0, size * self.side))
        block = "\n".join(lines)
        box = self.draw.multiline_textbbox((0, 0), block, font=font)
        margin = 0.012 * self.side
        x = margin if "left" in place else self.image.width - box[2] - margin
        y = margin if "top" in place else self.image.height - box[3] - margin
        self.draw.multiline_text((x, y), block, font=font, fill=fill)

    def ruler(self, has_axis: bool = False) -> None:
        """Draw a vertical ruler near the right border."""
        x, length = 0.985 * self.image.width, 0.014 * self.side
        for step in range(21):
            y = self.image.height * (0.2 + 0.028 * step)
            self.draw.line((x - length * (2 if step % 5 == 0 else 1), y, x, y), fill=_WHITE)
        if has_axis:
            self.draw.line((x, self.image.height * 0.2, x, self.image.height * 0.76), fill=_WHITE)

    def bar(self, at_top: bool, level: int) -> None:
        """Fill a bar along the upper or lower border and write on it."""
        height = round(0.055 * self.side)
        top = 0 if at_top else self.image.height - height
        self.draw.rectangle((0, top, self.image.width, top + height - 1), fill=(level, level, level))
        font = ImageFont.load_default(0.5 * height)
        fill = _WHITE if level < 128 else (0, 0, 0)
        self.draw.text((0.02 * self.side, top + 0.15 * height), "GENERAL HOSPITAL  MR HEAD", font=font, fill=fill)

    def logo(self) -> None:
        """Draw a scanner's logo and an orientation cube."""
        size, width, height = 0.045 * self.side, *self.image.size
        left, top, right, bottom = width - 2 * size, height - 2 * size, width - 0.8 * size, height - 0.8 * size
        self.draw.ellipse((0.02 * width, top, 0.02 * width + 1.6 * size, top + 1.6 * size), outline=_WHITE, width=2)
        self.draw.rectangle((left, top, right, bottom), outline=_WHITE, width=2)
        font = ImageFont.load_default(0.8 * size)
        self.draw.text((left + 0.3 * size, top + 0.1 * size), "F", font=font, fill=_WHITE)

    def to_gray(self) -> Pixels:
        """Return the luma of the picture."""
        return np.array(self.image.convert("L"))


def _draw(*steps: Callable[[_Canvas], None]) -> OverlayFunction:
    def apply(pixels: Pixels) -> Pixels:
        canvas = _Canvas(pixels)
        for step in steps:
            step(canvas)
        return canvas.to_gray()

    return apply


def _corners(
    places: tuple[str, ...], lines: tuple[str, ...] = _LINES, size: float = 0.025, fill: tuple[int, int, int] = _WHITE
) -> OverlayFunction:
    return _draw(*(partial(_Canvas.text, place=place, lines=lines, size=size, fill=fill) for place in places))


# Name, and what it draws on grey values (height, width).
OVERLAYS: Final[dict[str, OverlayFunction]] = {
    "text": _corners(("left top", "right bottom")),
    "text and ruler": _draw(lambda canvas: canvas.text("left top"), _Canvas.ruler),
    "ruler with axis": _draw(lambda canvas: canvas.ruler(has_axis=True)),
    "colored text": _draw(
        lambda canvas: canvas.text("left top", fill=_YELLOW),
        lambda canvas: canvas.text("right top", fill=_GREEN),
        lambda canvas: canvas.text("left bottom", fill=_YELLOW),
    ),
    "large text": _corners(("left top", "right bottom"), _LINES[:2], 0.05),
    "top bar": _draw(lambda canvas: canvas.bar(True, 60)),
    "bottom bar": _draw(lambda canvas: canvas.bar(False, 235)),
    "logo": _draw(_Canvas.logo, lambda canvas: canvas.text("left top", ("A",), 0.04)),
    "text on head": _corners(("left top", "right top", "left bottom", "right bottom"), (*_LINES, *_LINES), 0.032),
}
