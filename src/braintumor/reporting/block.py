"""Block: what a report keeps of one scan, small enough to hold hundreds of them: two pictures and the findings."""

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.imaging import Scan
from braintumor.inference.detection import Detection
from braintumor.reporting.entry import ReportEntry
from braintumor.reporting.opinion import ReaderFinding
from braintumor.reporting.overlays import draw_scan_overlay
from braintumor.vocabulary import Verdict

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
