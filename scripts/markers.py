"""Markers: comments of a Markdown page between which scripts write what they compute."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from braintumor.settings import Settings, get_settings


class Markers(NamedTuple):
    """A pair of markers, each a line of its own."""

    begin: str
    end: str

    @classmethod
    def of(cls, name: str) -> "Markers":
        """Those of a name, as HTML comments."""
        return cls(f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->\n")

    def filled(self, text: str, block: str) -> str:
        """The page with another block between the two.

        Raises
        ------
        ValueError
            One is missing.
        """
        before, begin, rest = text.partition(self.begin)
        _, end, after = rest.partition(self.end)
        if not begin or not end:
            raise ValueError(f"the markers {self.begin.strip()} and {self.end.strip()} are missing; put them back.")
        return f"{before}{begin}{block}{end}{after}"

    def write(self, page: Path, block: Callable[[Settings], str]) -> int:
        """Bring a page up to date, and return the exit code: 1, and why, where that cannot be done."""
        try:
            fresh = self.filled(page.read_text(encoding="utf-8"), block(get_settings()))
        except ValueError as error:
            print(f"{page.name}: {error}", file=sys.stderr)
            return 1
        page.write_text(fresh, encoding="utf-8")
        return 0
