"""Grid of explained scans: one row per true class, each scan with its heat map and prediction."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from braintumor.enums import CLASSES, RESEARCH_USE, TUMOR_LABEL, TumorClass, Verdict
from braintumor.imaging import Scan
from braintumor.inference.detection import Detection
from braintumor.reporting.explanation_figure import (
    BACKGROUND_COLOR,
    CAUTION_LINE_HEIGHT,
    MUTED_COLOR,
    TEXT_COLOR,
    VERDICT_COLORS,
    blend_heatmap,
    draw_caution,
    encode_png,
)
from braintumor.reporting.labels import label_title
from braintumor.reporting.text_rendering import fit_text, get_font, text_width, wrap_text
from braintumor.text import class_text, format_score, verdict_text

# Sizes in pixels.
CELL_SIDE: Final = 192
_MARGIN, _GAP, _HEADER_HEIGHT = 28, 14, 84
_TITLE_SIZE, _TEXT_SIZE, _SMALL_SIZE = 26, 17, 14
_ROW_HEIGHT: Final = CELL_SIDE + 46
_WRONG_COLOR: Final = VERDICT_COLORS[Verdict.TUMOR_SUSPECTED]


@dataclass(frozen=True, slots=True)
class GridCell:
    """One scan of a grid: its image with the heat map, the predicted class as text, and whether it is correct."""

    label: str
    image: NDArray[np.uint8] = field(repr=False)
    prediction_text: str
    verdict: Verdict
    is_correct: bool


def render_cell(scan: Scan, label: str, detection: Detection) -> GridCell:
    """Draw a scan whose true label is a class, or `tumor` if its type is unknown."""
    predicted = detection.result
    if detection.is_multiclass and label in CLASSES:
        text, probability = class_text(predicted), detection.probabilities[predicted]
        is_correct = predicted == label
    else:
        text = class_text(TUMOR_LABEL if predicted.is_tumor else predicted)
        probability = detection.tumor_probability if predicted.is_tumor else 1 - detection.tumor_probability
        is_correct = predicted.is_tumor == (label != TumorClass.NOTUMOR)
    image = blend_heatmap(scan, detection, CELL_SIDE)
    return GridCell(label, image, f"{text} {format_score(probability)}", detection.verdict, is_correct)


def render_grid(cells: Iterable[GridCell], version: str) -> bytes:
    """Draw the grid as PNG, with rows in the order in which their labels first occur."""
    rows: dict[str, list[GridCell]] = {}
    for cell in cells:
        rows.setdefault(cell.label, []).append(cell)
    left = _MARGIN + max(text_width(label_title(label), _TEXT_SIZE) for label in rows) + _GAP
    width = left + max(map(len, rows.values())) * (CELL_SIDE + _GAP) - _GAP + _MARGIN
    legend = f"{_legend_text([cell for row in rows.values() for cell in row])} {RESEARCH_USE}"
    lines = wrap_text(legend, _SMALL_SIZE, width - 2 * _MARGIN)
    bottom = _HEADER_HEIGHT + _ROW_HEIGHT * len(rows)
    image = Image.new("RGB", (width, bottom + CAUTION_LINE_HEIGHT * len(lines) + _MARGIN), BACKGROUND_COLOR)
    canvas = ImageDraw.Draw(image)
    title = fit_text(f"Test scans with the predictions of {version}", _TITLE_SIZE, width - 2 * _MARGIN)
    canvas.text((_MARGIN, _MARGIN - 4), title, TEXT_COLOR, get_font(_TITLE_SIZE))
    for number, (label, row) in enumerate(rows.items()):
        top = _HEADER_HEIGHT + _ROW_HEIGHT * number
        canvas.text((_MARGIN, top + CELL_SIDE // 2 - 10), label_title(label), TEXT_COLOR, get_font(_TEXT_SIZE))
        for column, cell in enumerate(row):
            _draw_cell(image, canvas, cell, (left + column * (CELL_SIDE + _GAP), top))
    draw_caution(canvas, lines, (_MARGIN, bottom))
    return encode_png(image)


def _legend_text(cells: list[GridCell]) -> str:
    wrong = sum(not cell.is_correct for cell in cells)
    return (
        "Rows: true class. Below each scan: predicted class with its probability, and verdict; a red frame marks a "
        f"wrong class ({wrong} of {len(cells)}). Colours: evidence for the predicted class."
    )


def _draw_cell(image: Image.Image, canvas: ImageDraw.ImageDraw, cell: GridCell, position: tuple[int, int]) -> None:
    left, top = position
    box = (left, top, left + CELL_SIDE - 1, top + CELL_SIDE - 1)
    canvas.rectangle(box, "black")
    scan_image = Image.fromarray(cell.image)
    image.paste(scan_image, (left + (CELL_SIDE - scan_image.width) // 2, top + (CELL_SIDE - scan_image.height) // 2))
    if not cell.is_correct:
        canvas.rectangle(box, outline=_WRONG_COLOR, width=2)
    color, font = TEXT_COLOR if cell.is_correct else _WRONG_COLOR, get_font(_SMALL_SIZE)
    canvas.text((left, top + CELL_SIDE + 4), cell.prediction_text, color, font)
    canvas.text((left, top + CELL_SIDE + 21), verdict_text(cell.verdict), MUTED_COLOR, font)
