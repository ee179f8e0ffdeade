"""Block: what a report keeps of one scan, small enough to hold hundreds of them: two pictures and the findings."""

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.enums import Verdict
from braintumor.imaging import Scan
from braintumor.inference.detection import Detection
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.labels import VERDICTS
from braintumor.reporting.overlays import draw_scan_overlay


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """One scan of a report. Nothing else about the patient goes into a report than what is in here."""

    scan: Scan
    detection: Detection
    finding: ReaderFinding | None = None


class Failure(Protocol):
    """A file that could not be read: its name, the sentence that says why, and its hash where it has content."""

    @property
    def name(self) -> str:
        """File name as the user knows it."""

    @property
    def problem(self) -> str:
        """What is wrong with it and what to do, in one sentence or two."""

    @property
    def sha256(self) -> str | None:
        """Hash of its content; None where there is none."""


# Five centimetres of paper: 512 pixels there are finer than the eye.
MAX_IMAGE_SIDE: Final = 512
_JPEG_QUALITY: Final = 88


@dataclass(frozen=True, slots=True)
class ReportScan:
    """One scan of a report, its pictures drawn and its arrays let go.

    Attributes
    ----------
    origin : tuple of (str, str)
        What the file says of the slice: its place in a series, pixel size, window; what and how much.
    picture, overlay : str
        The scan, and the scan under heat map and outline, as SVG with a JPEG inside; both empty where a large report
        only lists the scan, the overlay alone where no tumour was looked for.
    outlined, heated : bool
        Whether there is anything of either to see on the overlay.
    """

    detection: Detection
    finding: ReaderFinding | None
    width: int
    height: int
    warnings: tuple[str, ...]
    details: tuple[tuple[str, str], ...]
    scan_svg: str = field(repr=False)
    overlay_svg: str = field(repr=False)
    has_outline: bool
    has_heat_map: bool


def render_report_scan(entry: ReportEntry) -> ReportScan:
    """Draw one scan of a report."""
    scan, found = entry.scan, entry.detection
    judged = found.verdict is not Verdict.NOT_BRAIN_MRI
    mask, heat = (found.mask, found.heat_map) if judged else (None, None)
    return ReportScan(
        detection=found,
        finding=entry.finding or None,
        width=scan.width,
        height=scan.height,
        warnings=scan.warnings,
        details=tuple(_iter_details(scan)),
        scan_svg=_to_svg(scan.to_uint8()),
        overlay_svg=_to_svg(draw_scan_overlay(scan, found)) if judged else "",
        has_outline=mask is not None and bool(mask.any()),
        has_heat_map=heat is not None and bool(heat.any()),
    )


def _iter_details(scan: Scan) -> Iterator[tuple[str, str]]:
    if scan.series is not None:
        yield "Series", f"{scan.series.title}; slice {scan.series.index + 1} of {scan.series.count}"
    if scan.spacing is not None:
        yield "Pixel size", f"{scan.spacing[0]:.3g} × {scan.spacing[1]:.3g} mm (down × across)"
    if scan.window is not None:
        yield "Window", f"centre {scan.window[0]:,.0f}, width {scan.window[1]:,.0f}"


def _to_svg(pixels: NDArray[np.uint8]) -> str:
    """A picture as text: the typesetter takes no bytes from memory, but it takes an SVG that holds them."""
    image = Image.fromarray(pixels)
    image.thumbnail((MAX_IMAGE_SIDE, MAX_IMAGE_SIDE))
    content = io.BytesIO()
    image.save(content, "JPEG", quality=_JPEG_QUALITY, subsampling=0)  # a thin coloured outline stays sharp
    data = base64.b64encode(content.getvalue()).decode("ascii")
    size = f'width="{image.width}" height="{image.height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {size}>'
        f'<image {size} xlink:href="data:image/jpeg;base64,{data}"/></svg>'
    )


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
