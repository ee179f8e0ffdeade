"""Gallery: the blocks of a report, of which a limited number keep their pictures, so that no batch is too large."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from braintumor.reporting.block import Block
from braintumor.reporting.words import VERDICTS

# The typesetter unpacks both pictures of a scan, a megabyte or so, and holds all of them at once.
SHOWN: Final = 200


class Gallery:
    """Blocks in the order they came, with pictures of no more than `SHOWN`: those a reader spoke of, then the worst."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._pictured = 0

    def add(self, drawn: Block) -> None:
        """Take a block in; now and then, let go of pictures that will not be shown."""
        self._blocks.append(drawn)
        self._pictured += 1
        if self._pictured >= 2 * SHOWN:
            self._let_go()

    def blocks(self) -> list[Block]:
        """All blocks so far, in order."""
        self._let_go()
        return self._blocks

    def _let_go(self) -> None:
        kept_first = sorted(worst_first(self._blocks), key=lambda number: self._blocks[number].finding is None)
        for number in kept_first[SHOWN:]:
            if self._blocks[number].picture:
                self._blocks[number] = replace(self._blocks[number], picture="", overlay="")
        self._pictured = min(SHOWN, len(self._blocks))


def worst_first(blocks: Sequence[Block]) -> list[int]:
    """Places of the blocks, worst first: by verdict, then by tumour probability, then as they came."""
    order = list(VERDICTS)
    found = [block.detection for block in blocks]
    return sorted(range(len(found)), key=lambda n: (order.index(found[n].verdict), -found[n].tumor_probability))
