"""Markers: HTML comments in a Markdown page between which generated text is written."""

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Markers(NamedTuple):
    """A pair of markers, each on its own line."""

    begin: str
    end: str

    @classmethod
    def of(cls, name: str) -> "Markers":
        """Make the markers of a block."""
        return cls(f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->\n")

    def filled(self, text: str, block: str) -> str:
        """Replace the text between the markers.

        Raises
        ------
        ValueError
            A marker is missing.
        """
        before, begin, rest = text.partition(self.begin)
        _, end, after = rest.partition(self.end)
        if not begin or not end:
            raise ValueError(f"the markers {self.begin.strip()} and {self.end.strip()} are missing; put them back.")
        return f"{before}{begin}{block}{end}{after}"
