"""Texts for a detection: predicted class, prediction set, probabilities, size; and user text made printable."""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Final, NamedTuple

from braintumor.enums import CLASSES, TUMOR_LABEL, TumorClass
from braintumor.inference.detection import Detection
from braintumor.inference.study import StudyReading
from braintumor.text import VERDICT_TITLES, class_text

# The result for one slice, or for a study.
Result = Detection | StudyReading

ANY_TUMOR_TITLE: Final = "Any tumour"
UNTYPED_TUMOR_TEXT: Final = "tumour of any type"

# Lines break after a slash anyway. Longer words get extra break points; shorter ones stay whole for the text search.
_LONG_WORD: Final = re.compile(r"[^\s/]{31,}")
_PIECE_LENGTH: Final = 8
_MAX_PIECE_LENGTH: Final = 32  # if a letter has dozens of accents
_EXTENDING_CATEGORIES: Final = frozenset({"Mn", "Mc", "Me"})
_EMOJI_PARTS: Final = frozenset(map(chr, (*range(0x1F1E6, 0x1F200), *range(0x1F3FB, 0x1F400))))  # flags, skin tones
_VIRAMA: Final = 9  # combining class of a sign that joins two letters
_ZERO_WIDTH_SPACE: Final = "\u200b"


class ClassProbability(NamedTuple):
    """A probability with its title for a bar chart; `label` is None for any tumour."""

    title: str
    value: float
    label: TumorClass | None


def verdict_title(detection: Result) -> str:
    """Return the title of the verdict, the same on pages, in reports and in the history."""
    return VERDICT_TITLES[detection.verdict]


def label_key(detection: Result) -> str:
    """Return the predicted class as files contain it: a class name, or `tumor` for a binary model."""
    return TUMOR_LABEL if _is_untyped_tumor(detection) else str(detection.result)


def label_text(detection: Result) -> str:
    """Return the predicted class within a sentence: `glioma`, `no tumour`, or `tumour of any type`."""
    return UNTYPED_TUMOR_TEXT if _is_untyped_tumor(detection) else class_text(detection.result)


def label_title(key: str) -> str:
    """Return the title of a `label_key` for a table, such as `Glioma` or `Tumour`."""
    return "Tumour" if key == TUMOR_LABEL else TumorClass(key).title


def label_sentence(detection: Result) -> str:
    """Describe the predicted class in a sentence; for a binary model, only tumour or no tumour."""
    if detection.is_multiclass:
        probability = detection.probabilities[detection.result]
        doubt = " The type is uncertain." if detection.result.is_tumor and probability < 0.5 else ""
        return f"Most likely class: {label_text(detection)} ({probability:.1%}).{doubt}"
    return f"Prediction: {label_text(detection)}."


def prediction_set_texts(detection: Detection) -> list[str]:
    """List the prediction set; the tumour classes of a binary model are one entry."""
    if detection.is_multiclass:
        return [class_text(c) for c in detection.prediction_set]
    others = [class_text(c) for c in detection.prediction_set if not c.is_tumor]
    return [UNTYPED_TUMOR_TEXT, *others] if any(c.is_tumor for c in detection.prediction_set) else others


def class_probabilities(detection: Result) -> list[ClassProbability]:
    """List the probability of any tumour, followed by each class if the model predicts the tumour type."""
    any_tumor = ClassProbability(ANY_TUMOR_TITLE, detection.tumor_probability, None)
    if not detection.is_multiclass:
        return [any_tumor]
    return [any_tumor, *(ClassProbability(c.title, detection.probabilities[c], c) for c in CLASSES)]


def class_probability(detection: Result, label: TumorClass) -> float | None:
    """Return the probability of a class; None for the tumour types of a binary model."""
    return detection.probabilities[label] if detection.is_multiclass or not label.is_tumor else None


def is_correct(detection: Detection, truth: TumorClass) -> bool:
    """Whether the predicted class is the true one; for a binary model, whether tumour or no tumour is right."""
    return is_correct_class(detection.result, truth, detection.is_multiclass)


def is_correct_class(predicted: TumorClass | None, truth: TumorClass, is_multiclass: bool) -> bool:
    """Whether a predicted class counts as correct; None never does."""
    return predicted is not None and (predicted is truth if is_multiclass else predicted.is_tumor is truth.is_tumor)


def lesion_size_text(detection: Detection) -> str:
    """Describe the size of the outlined tumour, such as `412 mm², 1,648 pixels, longest diameter 28.1 mm`."""
    if detection.area_pixels is None:
        return "not measured by this model"
    if detection.area_pixels == 0:
        return "nothing outlined"
    sizes = [] if detection.area_mm2 is None else [f"{detection.area_mm2:,.0f} mm²"]
    sizes.append(f"{detection.area_pixels:,} pixels")
    if detection.diameter_mm is not None:
        sizes.append(f"longest diameter {detection.diameter_mm:.1f} mm")
    elif detection.diameter_pixels is not None:
        sizes.append(f"longest diameter {detection.diameter_pixels:.0f} pixels (no pixel spacing in the file)")
    return ", ".join(sizes)


def to_printable(text: str) -> str:
    """Make user text printable on one line: unprintable characters become spaces, long words get break points.

    Characters that change the writing direction are unprintable too, because they make a name look like another.
    """
    line = "".join(character if character.isprintable() else " " for character in text)
    return _LONG_WORD.sub(lambda word: _add_break_points(word.group()), line.strip())


def split_paragraphs(text: str) -> list[str]:
    """Split user text into printable lines, without empty ones."""
    return [line for part in text.splitlines() if (line := to_printable(part))]


def writing_direction(text: str) -> str:
    """Return `rtl` if the first letter is Hebrew, Arabic and the like, else `ltr` (Unicode bidirectional algorithm)."""
    directions = map(unicodedata.bidirectional, text)
    return "rtl" if next((d for d in directions if d in ("L", "R", "AL")), "L") != "L" else "ltr"


def format_time(time: datetime) -> str:
    """Format a time to the second: `2025-01-31 09:30:00 UTC`."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _add_break_points(word: str) -> str:
    """Add a break point after every eighth letter, but not between a letter and its accents or within an emoji."""
    pieces = [""]
    for character in word:
        piece = pieces[-1]
        is_inside_letter = _extends_letter(character) or (piece and unicodedata.combining(piece[-1]) == _VIRAMA)
        if len(piece) >= (_MAX_PIECE_LENGTH if is_inside_letter else _PIECE_LENGTH):
            pieces.append("")
        pieces[-1] += character
    return _ZERO_WIDTH_SPACE.join(pieces)


def _extends_letter(character: str) -> bool:
    return unicodedata.category(character) in _EXTENDING_CATEGORIES or character in _EMOJI_PARTS


def _is_untyped_tumor(detection: Result) -> bool:
    return not detection.is_multiclass and detection.result.is_tumor
