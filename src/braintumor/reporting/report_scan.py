"""Scans of a report: their images rendered early, and dropped for all but the most suspicious of a large batch."""

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.imaging import Scan
from braintumor.inference.detection import Detection
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.overlays import draw_scan_overlay

# Typst decodes both images of a scan, about 1 MB, and holds those of all scans at the same time.
MAX_SCANS_WITH_IMAGES: Final = 200
MAX_IMAGE_SIDE: Final = 512  # printed 5 cm wide, so 10 pixels per millimetre
_JPEG_QUALITY: Final = 88


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """One scan to report; a report contains no other information about the patient."""

    scan: Scan
    detection: Detection
    finding: ReaderFinding | None = None


@dataclass(frozen=True, slots=True)
class ReportScan:
    """One scan of a report with rendered images and without its arrays.

    Attributes
    ----------
    width, height : int
        Size of the scan in pixels.
    details : tuple of (str, str)
        Title and value of what the file states: position in its series, pixel size, window.
    scan_svg, overlay_svg : str
        The scan, and the scan with heat map and outline, as SVG with an embedded JPEG. Both are empty if a large
        report only lists the scan; the overlay is empty for an image without a result.
    has_outline, has_heat_map : bool
        Whether they are visible on the overlay.
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


class ReportScans:
    """Scans in input order; at most `MAX_SCANS_WITH_IMAGES` keep their images.

    Scans with a reader's finding come first, then the most suspicious ones.
    """

    def __init__(self) -> None:
        self._scans: list[ReportScan] = []
        self._image_count = 0

    def add(self, report_scan: ReportScan) -> None:
        """Add a scan, and drop surplus images from time to time."""
        self._scans.append(report_scan)
        self._image_count += 1
        if self._image_count >= 2 * MAX_SCANS_WITH_IMAGES:
            self._drop_images()

    def to_list(self) -> list[ReportScan]:
        """Return all scans in order."""
        self._drop_images()
        return self._scans

    def _drop_images(self) -> None:
        by_priority = sorted(rank_by_suspicion(self._scans), key=lambda index: self._scans[index].finding is None)
        for index in by_priority[MAX_SCANS_WITH_IMAGES:]:
            if self._scans[index].scan_svg:
                self._scans[index] = replace(self._scans[index], scan_svg="", overlay_svg="")
        self._image_count = min(MAX_SCANS_WITH_IMAGES, len(self._scans))


def render_report_scan(entry: ReportEntry) -> ReportScan:
    """Render one scan of a report."""
    scan, detection = entry.scan, entry.detection
    is_rejected = not detection.verdict.has_result
    mask, heat_map = (None, None) if is_rejected else (detection.mask, detection.heat_map)
    return ReportScan(
        detection=detection,
        finding=entry.finding or None,
        width=scan.width,
        height=scan.height,
        warnings=scan.warnings,
        details=tuple(_iter_details(scan)),
        scan_svg=_to_svg(scan.to_uint8()),
        overlay_svg="" if is_rejected else _to_svg(draw_scan_overlay(scan, detection)),
        has_outline=mask is not None and bool(mask.any()),
        has_heat_map=heat_map is not None and bool(heat_map.any()),
    )


def rank_by_suspicion(report_scans: Sequence[ReportScan]) -> list[int]:
    """Return the indices of the scans, most suspicious first: by verdict, tumour probability and input order."""

    def sort_key(index: int) -> tuple[int, float]:
        detection = report_scans[index].detection
        return detection.verdict.suspicion_rank, -detection.tumor_probability

    return sorted(range(len(report_scans)), key=sort_key)


def _iter_details(scan: Scan) -> Iterator[tuple[str, str]]:
    if scan.series is not None:
        yield "Series", f"{scan.series.title}; slice {scan.series.index + 1} of {scan.series.count}"
    if scan.spacing is not None:
        yield "Pixel size", f"{scan.spacing[0]:.3g} × {scan.spacing[1]:.3g} mm (down × across)"
    if scan.window is not None:
        yield "Window", f"centre {scan.window[0]:,.0f}, width {scan.window[1]:,.0f}"


def _to_svg(pixels: NDArray[np.uint8]) -> str:
    """Encode an image as SVG with an embedded JPEG, because Typst inputs are text."""
    image = Image.fromarray(pixels)
    image.thumbnail((MAX_IMAGE_SIDE, MAX_IMAGE_SIDE))
    content = io.BytesIO()
    image.save(content, "JPEG", quality=_JPEG_QUALITY, subsampling=0)  # keeps thin coloured outlines sharp
    data = base64.b64encode(content.getvalue()).decode("ascii")
    size = f'width="{image.width}" height="{image.height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {size}>'
        f'<image {size} xlink:href="data:image/jpeg;base64,{data}"/></svg>'
    )
