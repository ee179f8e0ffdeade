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
from braintumor.reporting.overlays import painted
from braintumor.vocabulary import Verdict

# Five centimetres of paper: 512 pixels there are finer than the eye.
LARGEST: Final = 512
_QUALITY: Final = 88


@dataclass(frozen=True, slots=True)
class Block:
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
    origin: tuple[tuple[str, str], ...]
    picture: str = field(repr=False)
    overlay: str = field(repr=False)
    outlined: bool
    heated: bool


def block(entry: ReportEntry) -> Block:
    """Draw one scan of a report."""
    scan, found = entry.scan, entry.detection
    judged = found.verdict is not Verdict.NOT_BRAIN_MRI
    mask, heat = (found.mask, found.heat_map) if judged else (None, None)
    return Block(
        detection=found,
        finding=entry.finding or None,
        width=scan.width,
        height=scan.height,
        warnings=scan.warnings,
        origin=tuple(_origin(scan)),
        picture=_svg(scan.to_uint8()),
        overlay=_svg(painted(scan, found)) if judged else "",
        outlined=mask is not None and bool(mask.any()),
        heated=heat is not None and bool(heat.any()),
    )


def _origin(scan: Scan) -> Iterator[tuple[str, str]]:
    if scan.series is not None:
        yield "Series", f"{scan.series.title}; slice {scan.series.index + 1} of {scan.series.count}"
    if scan.spacing is not None:
        yield "Pixel size", f"{scan.spacing[0]:.3g} × {scan.spacing[1]:.3g} mm (down × across)"
    if scan.window is not None:
        yield "Window", f"centre {scan.window[0]:,.0f}, width {scan.window[1]:,.0f}"


def _svg(pixels: NDArray[np.uint8]) -> str:
    """A picture as text: the typesetter takes no bytes from memory, but it takes an SVG that holds them."""
    image = Image.fromarray(pixels)
    image.thumbnail((LARGEST, LARGEST))
    content = io.BytesIO()
    image.save(content, "JPEG", quality=_QUALITY, subsampling=0)  # a thin coloured outline stays sharp
    data = base64.b64encode(content.getvalue()).decode("ascii")
    size = f'width="{image.width}" height="{image.height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {size}>'
        f'<image {size} xlink:href="data:image/jpeg;base64,{data}"/></svg>'
    )
