"""Overlay images: a scan with its heat map and tumour outline as PNG, and a safe file name for it."""

import io
import re
import unicodedata
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.fileio import write_atomically
from braintumor.imaging import Scan
from braintumor.imaging.overlay import draw_overlay
from braintumor.inference.detection import Detection

HEAT_MAP_OPACITY: Final = 0.65
_IMAGE_SUFFIX: Final = re.compile(r"\.[A-Za-z0-9]{1,5}$")
# Characters that a file system rejects or a shell interprets.
_UNSAFE: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED: Final = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)")
_MAX_NAME_BYTES: Final = 100  # most file systems allow 255, and the hash, the suffix and `.part` need room too
# Slice of a volume, as in `volume.nii.gz [axial 12]`. All slices share the hash of their file, so it is never cut off.
_SLICE_SUFFIX: Final = re.compile(r" \[[a-z]+ \d+\]$")


def overlay_path(folder: Path, name: str, sha256: str) -> Path:
    """Return the path of an overlay: `<folder>/<name without suffix>-<first 8 digits of the hash>.png`.

    The hash separates scans with the same name from different folders, and is in the row of the CSV.
    """
    return folder / overlay_name(name, sha256)


def overlay_name(name: str, sha256: str) -> str:
    """Return a file name for an overlay that is safe on any file system, such as `scan-1a2b3c4d.png`."""
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(c if c.isprintable() else "_" for c in unicodedata.normalize("NFC", last))
    stem = _UNSAFE.sub("_", _IMAGE_SUFFIX.sub("", shown)).lstrip(". -").rstrip(". ")
    stem = _RESERVED.sub(r"_\1", stem) if _RESERVED.match(stem) else stem
    match = _SLICE_SUFFIX.search(stem)
    suffix = match.group() if match else ""
    encoded = stem.removesuffix(suffix).encode("utf-8")[: _MAX_NAME_BYTES - len(suffix)]
    return f"{encoded.decode('utf-8', errors='ignore') or 'scan'}{suffix}-{sha256[:8]}.png"


def draw_scan_overlay(scan: Scan, detection: Detection, opacity: float = HEAT_MAP_OPACITY) -> NDArray[np.uint8]:
    """Draw the heat map and the outline over a scan; returns RGB pixels (height, width, 3).

    An image without a result, such as one that is not a brain MRI, is returned without them.
    """
    is_rejected = not detection.verdict.has_result
    heat_map, mask = (None, None) if is_rejected else (detection.heat_map, detection.mask)
    return draw_overlay(scan.to_uint8(), heat_map, opacity, mask)


def overlay_png(scan: Scan, detection: Detection, opacity: float = HEAT_MAP_OPACITY) -> bytes:
    """Return the overlay as PNG in the size of the scan, without metadata.

    Parameters
    ----------
    opacity : float from 0 to 1
        Opacity of the heat map where the evidence is strongest; 0 shows only the outline.
    """
    content = io.BytesIO()
    # Level 1 takes a third of the time of the default level, for files that are a tenth larger.
    Image.fromarray(draw_scan_overlay(scan, detection, opacity)).save(content, "PNG", compress_level=1)
    return content.getvalue()


def save_overlay(folder: Path, detection: Detection, png: bytes) -> Path:
    """Write the overlay of a scan atomically and return its path."""
    return write_atomically(overlay_path(folder, detection.name, detection.sha256), png)
