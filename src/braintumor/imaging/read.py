"""Bytes, path or array -> Scan: load it, decode it, and refuse what is no scan, in plain words."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from braintumor.errors import ScanError
from braintumor.imaging.decode import decode
from braintumor.imaging.grey import grey_of_array
from braintumor.imaging.scan import Scan
from braintumor.settings import Settings, get_settings

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")


def read_scan(
    source: bytes | str | Path | NDArray[Any], name: str | None = None, settings: Settings | None = None
) -> Scan:
    """Read one scan.

    Parameters
    ----------
    source : bytes, path or ndarray
        The content of a JPEG or PNG file (8 or 16 bit; grey, colour, palette or alpha; EXIF rotation is applied),
        a path to one, or an array of shape (height, width), (height, width, 3) or (height, width, 4).
    name : str, optional
        Name to show; the path's own name by default.

    Returns
    -------
    Scan
        Grey values, 8 bits where the source has no more; deeper values are windowed between their 0.5 and 99.5
        percentiles. Colour becomes luma (ITU-R BT.601), transparent parts count as black.

    Raises
    ------
    ScanError
        Empty, truncated, oversized, one-colour or not an image; the message says which and what to do.
    """
    settings = settings or get_settings()
    if isinstance(source, np.ndarray):
        return _from_array(source, name or "array", settings)
    if isinstance(source, (str, Path)):
        path = Path(source)
        shown = name or path.name
        return _from_bytes(_load(path, shown, settings), shown, settings)
    return _from_bytes(bytes(source), name or "image", settings)


def _load(path: Path, name: str, settings: Settings) -> bytes:
    try:
        if path.stat().st_size > settings.max_bytes:
            raise ScanError(_too_large(name, settings))
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise ScanError(f"{name}: there is no such file. Check the path.") from None
    except IsADirectoryError:
        raise ScanError(f"{name}: this is a folder. Give an image file in it.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ScanError(f"{name}: cannot be opened ({reason}). Check the path and permissions.") from error


def _too_large(name: str, settings: Settings) -> str:
    limit = f"{settings.max_bytes / 2**20:.3g} MB"
    return f"{name}: the file is larger than {limit}. Export the slice as a single image."


def _from_bytes(data: bytes, name: str, settings: Settings) -> Scan:
    if not data:
        raise ScanError(f"{name}: the file is empty. Export or copy it again.")
    if len(data) > settings.max_bytes:
        raise ScanError(_too_large(name, settings))
    values, mode = decode(data, name, settings)
    return _scan(values, name, hashlib.sha256(data).hexdigest(), mode)


def _from_array(array: NDArray[Any], name: str, settings: Settings) -> Scan:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise ScanError(f"{name}: an array of shape {array.shape} is no image. Give height x width, or x 3, or x 4.")
    if min(array.shape[:2]) < settings.min_side:
        raise ScanError(
            f"{name}: {array.shape[1]} x {array.shape[0]} pixels is too small to read. "
            f"Give an image of at least {settings.min_side} pixels a side."
        )
    digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
    return _scan(grey_of_array(array, name), name, digest, "array")


def _scan(values: NDArray[np.uint8] | NDArray[np.float32], name: str, digest: str, mode: str) -> Scan:
    if values.min() == values.max():
        raise ScanError(f"{name}: the whole image is one colour, so there is nothing to read. Check the export.")
    values.setflags(write=False)
    return Scan(values, name, digest, mode, 8 if values.dtype == np.uint8 else 16)
