"""Explanations of terms in tooltips, from `docs/glossary.md`."""

import re
from functools import cache
from pathlib import Path
from typing import Final

_PATH: Final = Path(__file__).resolve().parents[3] / "docs" / "glossary.md"
_ENTRY: Final = re.compile(r"^\*\*([^*]+)\.\*\* (.+?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r" ?\(\[[^\]]*\]\([^)]*\)\)|\[([^\]]*)\]\([^)]*\)")


def explain(*terms: str) -> str | None:
    """Return the entries of terms as Markdown for a tooltip; None without terms or without the glossary.

    Parameters
    ----------
    terms : str
        Titles of entries, such as `Pointing game`.
    """
    entries = read_glossary()
    return "\n\n".join(f"**{term}.** {entries[term]}" for term in terms if term in entries) or None


@cache
def read_glossary() -> dict[str, str]:
    """Read the entries by title, each as one line without links; empty if the file is missing."""
    try:
        text = _PATH.read_text(encoding="utf-8")
    except OSError:
        return {}
    return {title: _LINK.sub(r"\1", " ".join(entry.split())) for title, entry in _ENTRY.findall(text)}
