"""Overlays as files: a scan with its heat map and tumour outline, under a name that follows from the scan's own."""

import os
import threading
from pathlib import Path

from PIL import Image

from braintumor.imaging import Scan, overlay
from braintumor.inference.detection import Detection


def overlay_path(folder: Path, name: str, sha256: str) -> Path:
    """Where the overlay of a scan lies: `<folder>/<name without suffix>-<first 8 digits of the scan's hash>.png`.

    The hash keeps scans of equal name in different folders apart, and is in the row of the CSV.
    """
    return folder / f"{Path(name).stem}-{sha256[:8]}.png"


def write_overlay(folder: Path, scan: Scan, detection: Detection) -> Path:
    """Write the overlay of a scan as PNG, whole or not at all, and return its path."""
    path = overlay_path(folder, detection.name, detection.sha256)
    painted = Image.fromarray(overlay(scan.to_uint8(), detection.heat_map, mask=detection.mask))
    folder.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    painted.save(temporary, "PNG", compress_level=1)  # a third of the time of the default for a tenth more bytes
    temporary.replace(path)
    return path
