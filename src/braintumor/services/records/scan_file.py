"""The file in which a scan is stored: its pixels and what is known about them, without the rest of its original file.

A stored DICOM slice has no patient identity, a slice of a volume needs no other slice, and reading it again gives the
same result as reading the original. The file is a ZIP archive without further compression: `scan.json`, and the
arrays compressed with zlib. Equal scans give equal bytes, so each is stored once.
"""

import io
import json
import zipfile
from typing import Any, Final

import numpy as np
from pydantic import BaseModel, ValidationError

from braintumor.enums import PictureKind
from braintumor.errors import StorageError
from braintumor.imaging.compressed_scan import CompressedArray, CompressedScan
from braintumor.imaging.geometry import Placement
from braintumor.imaging.scan import Scan, SeriesPosition
from braintumor.imaging.windowing import FileWindow

SCAN_MEDIA_TYPE: Final = "application/x-braintumor-scan"
_METADATA: Final = "scan.json"
_ARRAYS: Final = ("gray", "high_bit_depth", "model_gray")
_TIME: Final = (1980, 1, 1, 0, 0, 0)  # for equal bytes


class _Metadata(BaseModel):
    """The fields of a `Scan` that are no arrays."""

    name: str
    sha256: str
    mode: str
    bits: int
    series: SeriesPosition | None
    spacing: tuple[float, float] | None
    window: tuple[float, float] | None
    warnings: tuple[str, ...]
    modality: str
    is_oriented: bool
    is_screen_capture: bool
    picture: PictureKind
    has_text_on_head: bool
    panels: tuple[tuple[int, int, int, int], ...]
    has_file_window: bool
    placement: Placement | None = None
    file_windows: tuple[FileWindow, ...] = ()
    unit: str = ""


def pack_scan(scan: CompressedScan) -> bytes:
    """Return the file of a scan."""
    arrays = {name: array for name in _ARRAYS if (array := getattr(scan, name)) is not None}
    metadata = _Metadata(**{name: getattr(scan.stub, name) for name in _Metadata.model_fields})
    content = {
        "scan": metadata.model_dump(mode="json"),
        "thumbnail": scan.thumbnail,
        "arrays": {name: _describe(array) for name, array in arrays.items()},
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo(_METADATA, _TIME), json.dumps(content, sort_keys=True))
        for name, array in arrays.items():
            archive.writestr(zipfile.ZipInfo(name, _TIME), array.data)
    return file.getvalue()


def unpack_scan(content: bytes, name: str) -> CompressedScan:
    """Return the scan of a file.

    Parameters
    ----------
    content : bytes
    name : str
        Name for the message of an error.

    Raises
    ------
    StorageError
        This is no such file, or one of a later version of this program.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            described = json.loads(archive.read(_METADATA))
            arrays = {
                key: CompressedArray(**values, data=archive.read(key)) for key, values in described["arrays"].items()
            }
        metadata = _Metadata.model_validate(described["scan"])
        gray = arrays["gray"]
        stub = Scan(values=gray.to_array()[:1, :1].astype(np.uint8), **dict(metadata))
        return CompressedScan(
            stub, gray, arrays.get("high_bit_depth"), described["thumbnail"], arrays.get("model_gray")
        )
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, ValidationError) as error:
        raise StorageError(
            f"The stored scan of {name} cannot be read. It may come from a newer version of this program. Upgrade this "
            "program."
        ) from error


def _describe(array: CompressedArray) -> dict[str, Any]:
    return {name: getattr(array, name) for name in ("width", "height", "bits", "slope", "intercept", "is_exact")}
