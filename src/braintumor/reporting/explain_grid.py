"""A grid of explained scans: a row for each label, each scan under its heat map with the answer below."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from braintumor.imaging import Scan
from braintumor.inference.detection import Detection
from braintumor.reporting.explain_figure import GROUND, INK, QUIET, TONES, png
from braintumor.reporting.explain_paint import laid_over
from braintumor.reporting.lettering import fitted, font, lines, wide
from braintumor.reporting.words import VERDICTS, class_word
from braintumor.vocabulary import CLASSES, RESEARCH_USE, TumorClass, Verdict

SIDE: Final = 192
_MARGIN, _GAP, _HEAD = 28, 14, 84
_TITLE, _TEXT, _SMALL = 26, 17, 14
_ROW: Final = SIDE + 46
_WRONG: Final = TONES[Verdict.TUMOR_SUSPECTED]


@dataclass(frozen=True, slots=True)
class Cell:
    """One scan of a grid, drawn: its picture, what was said of it, and whether that is its label."""

    label: str
    picture: NDArray[np.uint8] = field(repr=False)
    answer: str
    verdict: Verdict
    right: bool


def cell(scan: Scan, label: str, found: Detection) -> Cell:
    """Draw a scan of a known label, which is a class or, where nobody said the kind, `tumor`."""
    answer = found.result
    if found.tells_kinds and label in CLASSES:
        said, probability, right = class_word(answer), found.probabilities[answer], answer == label
    else:
        said = "tumour" if answer.is_tumor else class_word(answer)
        probability = found.tumor_probability if answer.is_tumor else 1 - found.tumor_probability
        right = answer.is_tumor == (label != TumorClass.NOTUMOR)
    return Cell(label, laid_over(scan, found, SIDE), f"{said} {probability:.0%}", found.verdict, right)


def grid(cells: Iterable[Cell], version: str, names: Callable[[str], str] | None = None) -> bytes:
    """The grid as PNG, rows in the order labels come first.

    Parameters
    ----------
    names : callable, optional
        What a label is called; by its class's title by default.
    """
    rows: dict[str, list[Cell]] = {}
    for one in cells:
        rows.setdefault(one.label, []).append(one)
    titles = {label: (names or title_of)(label) for label in rows}
    margin = _MARGIN + max(wide(title, _TEXT) for title in titles.values()) + _GAP
    width = margin + max(map(len, rows.values())) * (SIDE + _GAP) - _GAP + _MARGIN
    below = lines(f"{_legend(rows.values())} {RESEARCH_USE}", _SMALL, width - 2 * _MARGIN)
    bottom = _HEAD + _ROW * len(rows)
    image = Image.new("RGB", (width, bottom + 20 * len(below) + _MARGIN), GROUND)
    canvas = ImageDraw.Draw(image)
    canvas.text((_MARGIN, _MARGIN - 4), fitted(f"Test scans as {version} reads them", _TITLE, width), INK, font(_TITLE))
    for number, (label, row) in enumerate(rows.items()):
        top = _HEAD + _ROW * number
        canvas.text((_MARGIN, top + SIDE // 2 - 10), titles[label], INK, font(_TEXT))
        for column, one in enumerate(row):
            _draw(image, canvas, one, (margin + column * (SIDE + _GAP), top))
    for number, line in enumerate(below):
        canvas.text((_MARGIN, bottom + 20 * number), line, QUIET, font(_SMALL))
    return png(image)


def title_of(label: str) -> str:
    """What a label is called beside its row."""
    return TumorClass(label).title if label in CLASSES else "Tumour"


def _legend(rows: Iterable[Sequence[Cell]]) -> str:
    shown = [one for row in rows for one in row]
    wrong = sum(not one.right for one in shown)
    return (
        "Rows: what the scans are. Below each: what it was taken for and how surely, and the verdict; framed in red "
        f"where the first is wrong ({wrong} of {len(shown)}). Colours: evidence for that answer."
    )


def _draw(image: Image.Image, canvas: ImageDraw.ImageDraw, one: Cell, place: tuple[int, int]) -> None:
    left, top = place
    canvas.rectangle((left, top, left + SIDE - 1, top + SIDE - 1), "black")
    picture = Image.fromarray(one.picture)
    image.paste(picture, (left + (SIDE - picture.width) // 2, top + (SIDE - picture.height) // 2))
    if not one.right:
        canvas.rectangle((left, top, left + SIDE - 1, top + SIDE - 1), outline=_WRONG, width=2)
    canvas.text((left, top + SIDE + 4), one.answer, INK if one.right else _WRONG, font(_SMALL))
    canvas.text((left, top + SIDE + 21), VERDICTS[one.verdict].lower(), QUIET, font(_SMALL))
