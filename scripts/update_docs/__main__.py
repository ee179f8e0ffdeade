"""Update every generated block: `python -m scripts.update_docs`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from braintumor.settings import Settings, get_settings
from scripts.update_docs.ablations import ablations_block
from scripts.update_docs.comparison import comparison_block
from scripts.update_docs.goals import goals_block
from scripts.update_docs.markers import ROOT, Markers
from scripts.update_docs.rejection import rejection_block
from scripts.update_docs.results import external_block, headline_block, leakage_block, metrics_block, seeds_block
from scripts.update_docs.source_goals import source_goals_block
from scripts.update_docs.sources import sources_block
from scripts.update_docs.studies import studies_block
from scripts.update_docs.training_times import training_times_block
from scripts.update_docs.turns import turns_block

_RESULTS = ROOT / "docs" / "results.md"


class Block(NamedTuple):
    """A generated part of a page, with the function that writes it."""

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
    "headline": Block(ROOT / "README.md", Markers.of("headline"), headline_block),
    "metrics": Block(_RESULTS, Markers.of("metrics"), metrics_block),
    "seeds": Block(_RESULTS, Markers.of("seeds"), seeds_block),
    "external": Block(_RESULTS, Markers.of("external"), external_block),
    "sources": Block(_RESULTS, Markers.of("sources"), sources_block),
    "rejection": Block(_RESULTS, Markers.of("rejection"), rejection_block),
    "studies": Block(_RESULTS, Markers.of("studies"), studies_block),
    "turns": Block(_RESULTS, Markers.of("turns"), turns_block),
    "leakage": Block(_RESULTS, Markers.of("leakage"), leakage_block),
    "comparison": Block(_RESULTS, Markers.of("comparison"), comparison_block),
    "ablations": Block(_RESULTS, Markers.of("ablations"), ablations_block),
    "goals": Block(_RESULTS, Markers.of("goals"), goals_block),
    "goals on other sources": Block(_RESULTS, Markers.of("source-goals"), source_goals_block),
    "training times": Block(ROOT / "docs" / "how-to" / "reproduce.md", Markers.of("times"), training_times_block),
}


def main() -> int:
    """Update all pages; return 1 if one of them cannot be updated."""
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
