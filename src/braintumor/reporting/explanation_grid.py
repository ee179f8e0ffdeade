"""A grid of explained scans: a row for each label, each scan under its heat map with the answer below."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from braintumor.enums import CLASSES, RESEARCH_USE, TumorClass, Verdict
from braintumor.imaging import Scan
from braintumor.inference.detection import Detection
from braintumor.reporting.explanation_figure import (
    BACKGROUND_COLOR,
    MUTED_COLOR,
    TEXT_COLOR,
    VERDICT_COLORS,
    blend_heatmap,
    encode_png,
)
from braintumor.reporting.labels import VERDICTS, class_text
from braintumor.reporting.text_rendering import fit_text, get_font, text_width, wrap_text

CELL_SIDE: Final = 192
_MARGIN, _GAP, _HEADER_HEIGHT = 28, 14, 84
_TITLE_SIZE, _TEXT_SIZE, _SMALL_SIZE = 26, 17, 14
_ROW_HEIGHT: Final = CELL_SIDE + 46
_WRONG_COLOR: Final = VERDICT_COLORS[Verdict.TUMOR_SUSPECTED]


@dataclass(frozen=True, slots=True)
class GridCell:
    """One scan of a grid, drawn: its picture, what was said of it, and whether that is its label."""

    label: str
    image: NDArray[np.uint8] = field(repr=False)
    prediction_text: str
    verdict: Verdict
    is_correct: bool


def render_cell(scan: Scan, label: str, detection: Detection) -> GridCell:
    """Draw a scan of a known label, which is a class or, where nobody said the kind, `tumor`."""
    answer = detection.result
    if detection.is_multiclass and label in CLASSES:
        said, probability, right = class_text(answer), detection.probabilities[answer], answer == label
    else:
        said = "tumour" if answer.is_tumor else class_text(answer)
        probability = detection.tumor_probability if answer.is_tumor else 1 - detection.tumor_probability
        right = answer.is_tumor == (label != TumorClass.NOTUMOR)
    return GridCell(
        label, blend_heatmap(scan, detection, CELL_SIDE), f"{said} {probability:.0%}", detection.verdict, right
    )


def render_grid(cells: Iterable[GridCell], version: str, label_namer: Callable[[str], str] | None = None) -> bytes:
    """The grid as PNG, rows in the order labels come first.

    Parameters
    ----------
    names : callable, optional
        What a label is called; by its class's title by default.
    """
    rows: dict[str, list[GridCell]] = {}
    for one in cells:
        rows.setdefault(one.label, []).append(one)
    titles = {label: (label_namer or row_title)(label) for label in rows}
    margin = _MARGIN + max(text_width(title, _TEXT_SIZE) for title in titles.values()) + _GAP
    width = margin + max(map(len, rows.values())) * (CELL_SIDE + _GAP) - _GAP + _MARGIN
    below = wrap_text(f"{_legend_text(rows.values())} {RESEARCH_USE}", _SMALL_SIZE, width - 2 * _MARGIN)
    bottom = _HEADER_HEIGHT + _ROW_HEIGHT * len(rows)
    image = Image.new("RGB", (width, bottom + 20 * len(below) + _MARGIN), BACKGROUND_COLOR)
    canvas = ImageDraw.Draw(image)
    canvas.text(
        (_MARGIN, _MARGIN - 4),
        fit_text(f"Test scans as {version} reads them", _TITLE_SIZE, width),
        TEXT_COLOR,
        get_font(_TITLE_SIZE),
    )
    for number, (label, row) in enumerate(rows.items()):
        top = _HEADER_HEIGHT + _ROW_HEIGHT * number
        canvas.text((_MARGIN, top + CELL_SIDE // 2 - 10), titles[label], TEXT_COLOR, get_font(_TEXT_SIZE))
        for column, one in enumerate(row):
            _draw_cell(image, canvas, one, (margin + column * (CELL_SIDE + _GAP), top))
    for number, line in enumerate(below):
        canvas.text((_MARGIN, bottom + 20 * number), line, MUTED_COLOR, get_font(_SMALL_SIZE))
    return encode_png(image)


def row_title(label: str) -> str:
    """What a label is called beside its row."""
    return TumorClass(label).title if label in CLASSES else "Tumour"


def _legend_text(rows: Iterable[Sequence[GridCell]]) -> str:
    shown = [one for row in rows for one in row]
    wrong = sum(not one.is_correct for one in shown)
    return (
        "Rows: what the scans are. Below each: what it was taken for and how surely, and the verdict; framed in red "
        f"where the first is wrong ({wrong} of {len(shown)}). Colours: evidence for that answer."
    )


def _draw_cell(image: Image.Image, canvas: ImageDraw.ImageDraw, cell: GridCell, position: tuple[int, int]) -> None:
    left, top = position
    canvas.rectangle((left, top, left + CELL_SIDE - 1, top + CELL_SIDE - 1), "black")
    picture = Image.fromarray(cell.image)
    image.paste(picture, (left + (CELL_SIDE - picture.width) // 2, top + (CELL_SIDE - picture.height) // 2))
    if not cell.is_correct:
        canvas.rectangle((left, top, left + CELL_SIDE - 1, top + CELL_SIDE - 1), outline=_WRONG_COLOR, width=2)
    canvas.text(
        (left, top + CELL_SIDE + 4),
        cell.prediction_text,
        TEXT_COLOR if cell.is_correct else _WRONG_COLOR,
        get_font(_SMALL_SIZE),
    )
    canvas.text((left, top + CELL_SIDE + 21), VERDICTS[cell.verdict].lower(), MUTED_COLOR, get_font(_SMALL_SIZE))
