"""Updates every generated block: `python -m scripts.update_docs`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from braintumor.settings import Settings, get_settings
from scripts.update_docs.ablations import ablations_block
from scripts.update_docs.markers import ROOT, Markers
from scripts.update_docs.results import results_block
from scripts.update_docs.training_times import training_times_block


class Block(NamedTuple):
    """A generated part of a page, and what writes it."""

    page: Path
    markers: Markers
    write: Callable[[Settings], str]

    def updated(self, settings: Settings) -> str:
        """Return the page's text with this block up to date.

        Raises
        ------
        ValueError
            A marker is missing, or `outputs` has no numbers for the block.
        """
        return self.markers.filled(self.page.read_text(encoding="utf-8"), self.write(settings))


BLOCKS = {
    "results": Block(ROOT / "README.md", Markers.of("results"), results_block),
    "training times": Block(ROOT / "docs" / "how-to" / "reproduce.md", Markers.of("times"), training_times_block),
    "ablations": Block(
        ROOT / "docs" / "decisions" / "2026-11-21-breaking-the-shortcut.md", Markers.of("trials"), ablations_block
    ),
}


def main() -> int:
    """Update all pages; returns 1 where a page cannot be updated."""
    settings, failures = get_settings(), 0
    for block in BLOCKS.values():
        try:
            text = block.updated(settings)
        except ValueError as error:
            print(f"{block.page.name}: {error}", file=sys.stderr)
            failures += 1
            continue
        block.page.write_text(text, encoding="utf-8")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
