"""Markers: comments of a Markdown page between which scripts write what they compute."""

from typing import NamedTuple


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
