"""Fonts of PDF reports: Typst's own for European text, and bundled Noto fonts for all other scripts."""

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import typst

_FOLDER: Final = resources.files("braintumor.reporting") / "fonts"
# Everything beyond Latin, Greek and Cyrillic, and beyond punctuation, units and arrows. Typst embeds a font for these.
_OTHER_SCRIPTS: Final = re.compile(r"[^\x00-\u04ff\u2000-\u203e\u2190-\u22ff]")


@dataclass(frozen=True, slots=True)
class FontCoverage:
    """Characters that a report can draw.

    Attributes
    ----------
    families : tuple of str
        Names of the bundled fonts, in the order in which a report tries them.
    starts, ends : tuple of int
        First and last code point of each run of covered characters, in increasing order.
    """

    families: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def covers(self, character: str) -> bool:
        """Whether a font has the character."""
        if not _OTHER_SCRIPTS.match(character):
            return True
        index = bisect_right(self.starts, ord(character)) - 1
        return index >= 0 and ord(character) <= self.ends[index]


def needs_bundled_fonts(text: str) -> bool:
    """Whether a text has letters that are not European."""
    return _OTHER_SCRIPTS.search(text) is not None


def to_drawable_text(text: str) -> str:
    """Replace characters that no font has by their code, such as `[U+1BC00]`."""
    coverage = load_coverage()
    return _OTHER_SCRIPTS.sub(lambda match: match.group() if coverage.covers(match.group()) else _code(match), text)


def replace_undrawable_lines(report: str, can_draw: Callable[[str], bool]) -> str:
    """Replace the letters of lines that no combination of fonts draws, such as an accent on a sign of another script.

    Parameters
    ----------
    report : str
        Content of a report as JSON.
    can_draw : callable
        Whether a text can be drawn.
    """
    lines: set[str] = set()
    content = json.loads(report)

    def collect(line: str) -> str:
        lines.add(line)
        return line

    _map_lines(content, collect)
    undrawable = set(_find_undrawable(sorted(filter(needs_bundled_fonts, lines)), can_draw))
    replaced = _map_lines(content, lambda line: _OTHER_SCRIPTS.sub(_code, line) if line in undrawable else line)
    return json.dumps(replaced, ensure_ascii=False)


@cache
def load_coverage() -> FontCoverage:
    """Read what the bundled fonts cover; `scripts/report_fonts.py` writes it."""
    content = json.loads((_FOLDER / "coverage.json").read_text(encoding="utf-8"))
    starts, ends = zip(*content["ranges"], strict=True)
    return FontCoverage(tuple(content["families"]), starts, ends)


@cache
def load_fonts(with_bundled: bool) -> "typst.Fonts":
    """Open the fonts for Typst, never those of the machine, so that equal input gives equal bytes everywhere."""
    import typst

    return typst.Fonts(include_system_fonts=False, font_paths=[str(_FOLDER)] if with_bundled else [])


def _map_lines(value: Any, function: Callable[[str], str]) -> Any:
    """Apply a function to all strings in a JSON value except keys."""
    if isinstance(value, dict):
        return {key: _map_lines(item, function) for key, item in value.items()}
    if isinstance(value, list):
        return [_map_lines(item, function) for item in value]
    return function(value) if isinstance(value, str) else value


def _find_undrawable(lines: Sequence[str], can_draw: Callable[[str], bool]) -> list[str]:
    """Find the lines that cannot be drawn by halving the list, as few are."""
    if not lines or can_draw("\n\n".join(lines)):
        return []
    if len(lines) == 1:
        return list(lines)
    middle = len(lines) // 2
    return _find_undrawable(lines[:middle], can_draw) + _find_undrawable(lines[middle:], can_draw)


def _code(match: re.Match[str]) -> str:
    return f"[U+{ord(match.group()):04X}]"
