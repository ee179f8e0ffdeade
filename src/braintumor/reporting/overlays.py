"""Overlays as pictures: a scan with its heat map and tumour outline, under a name that follows from the scan's own."""

import io
import re
import unicodedata
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.enums import Verdict
from braintumor.fileio import write_atomically
from braintumor.imaging import Scan, draw_overlay
from braintumor.inference.detection import Detection

HEAT_MAP_OPACITY: Final = 0.65
# A suffix of one picture; what stands behind it, as in `volume.nii.gz [axial 12]`, tells slices of a file apart.
_SUFFIX: Final = re.compile(r"\.[A-Za-z0-9]{1,5}$")
# Characters some file system refuses or a shell acts on, and dots, blanks and dashes at the start.
_UNSAFE: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED: Final = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)")
_MAX_NAME_BYTES: Final = 100  # bytes, of the 255 most file systems take, so that hash, suffix and `.part` fit as well
# Which slice of a file it is: the hash is the file's, so this alone tells them apart and is never cut off.
_SLICE_SUFFIX: Final = re.compile(r" \[[a-z]+ \d+\]$")


def overlay_path(folder: Path, name: str, sha256: str) -> Path:
    """Where the overlay of a scan lies: `<folder>/<name without suffix>-<first 8 digits of the scan's hash>.png`.

    The hash keeps scans of equal name in different folders apart, and is in the row of the CSV.
    """
    return folder / overlay_name(name, sha256)


def overlay_name(name: str, sha256: str) -> str:
    """File name of an overlay, safe on any file system whatever the scan was called, such as `scan-1a2b3c4d.png`."""
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(c if c.isprintable() else "_" for c in unicodedata.normalize("NFC", last))
    stem = _UNSAFE.sub("_", _SUFFIX.sub("", shown)).lstrip(". -").rstrip(". ")
    stem = _RESERVED.sub(r"_\1", stem) if _RESERVED.match(stem) else stem
    place = found.group() if (found := _SLICE_SUFFIX.search(stem)) else ""
    kept = stem.removesuffix(place).encode("utf-8")[: _MAX_NAME_BYTES - len(place)].decode("utf-8", errors="ignore")
    return f"{kept or 'scan'}{place}-{sha256[:8]}.png"


def draw_scan_overlay(scan: Scan, detection: Detection, opacity: float = HEAT_MAP_OPACITY) -> NDArray[np.uint8]:
    """RGB pixels (height, width, 3) of the scan under its heat map and outline.

    A picture taken for no brain MRI stays as it is: no tumour was looked for, so no place is offered.
    """
    refused = detection.verdict is Verdict.NOT_BRAIN_MRI
    heat, mask = (None, None) if refused else (detection.heat_map, detection.mask)
    return draw_overlay(scan.to_uint8(), heat, opacity, mask)


def overlay_png(scan: Scan, detection: Detection, opacity: float = HEAT_MAP_OPACITY) -> bytes:
    """The overlay as a PNG file of the scan's own size, with no metadata in it.

    Parameters
    ----------
    opacity : float from 0 to 1
        Opacity of the heat map where evidence is strongest; 0 leaves the outline alone.
    """
    content = io.BytesIO()
    # Level 1 takes a third of the time of the default for a tenth more bytes.
    Image.fromarray(draw_scan_overlay(scan, detection, opacity)).save(content, "PNG", compress_level=1)
    return content.getvalue()


def save_overlay(folder: Path, detection: Detection, png: bytes) -> Path:
    """Write the overlay of a scan, drawn by `overlay_png`, whole or not at all, and return its path."""
    return write_atomically(overlay_path(folder, detection.name, detection.sha256), png)
