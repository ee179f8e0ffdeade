"""Gallery: the blocks of a report, of which a limited number keep their pictures, so that no batch is too large."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from braintumor.reporting.block import ReportScan
from braintumor.reporting.words import VERDICTS

# The typesetter unpacks both pictures of a scan, a megabyte or so, and holds all of them at once.
MAX_SCANS_WITH_IMAGES: Final = 200


class ReportScans:
    """Blocks in the order they came, with pictures of no more than `SHOWN`: those a reader spoke of, then the worst."""

    def __init__(self) -> None:
        self._scans: list[ReportScan] = []
        self._image_count = 0

    def add(self, report_scan: ReportScan) -> None:
        """Take a block in; now and then, let go of pictures that will not be shown."""
        self._scans.append(report_scan)
        self._image_count += 1
        if self._image_count >= 2 * MAX_SCANS_WITH_IMAGES:
            self._drop_images()

    def to_list(self) -> list[ReportScan]:
        """All blocks so far, in order."""
        self._drop_images()
        return self._scans

    def _drop_images(self) -> None:
        kept_first = sorted(rank_by_suspicion(self._scans), key=lambda number: self._scans[number].finding is None)
        for number in kept_first[MAX_SCANS_WITH_IMAGES:]:
            if self._scans[number].scan_svg:
                self._scans[number] = replace(self._scans[number], scan_svg="", overlay_svg="")
        self._image_count = min(MAX_SCANS_WITH_IMAGES, len(self._scans))


def rank_by_suspicion(report_scans: Sequence[ReportScan]) -> list[int]:
    """Places of the blocks, worst first: by verdict, then by tumour probability, then as they came."""
    order = list(VERDICTS)
    found = [block.detection for block in report_scans]
    return sorted(range(len(found)), key=lambda n: (order.index(found[n].verdict), -found[n].tumor_probability))
