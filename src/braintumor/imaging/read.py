"""Bytes, path or array -> Scan: decode, check, turn upright, make grey. Refuses what is no scan, in plain words."""

import hashlib
import io
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from braintumor.errors import ScanError
from braintumor.imaging.scan import Scan
from braintumor.settings import Settings, get_settings

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")
_FORMATS = ("JPEG", "PNG")
# Deep files rarely use their full range, so they are windowed between these percentiles.
_DEEP_WINDOW = (0.5, 99.5)


def read_scan(source: bytes | str | Path | NDArray, name: str | None = None, settings: Settings | None = None) -> Scan:
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
        Grey values from 0 to 1, float32. 16-bit values are windowed between their 0.5 and 99.5 percentiles.

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
        return _from_bytes(_load(path, settings), name or path.name, settings)
    return _from_bytes(bytes(source), name or "image", settings)


def _load(path: Path, settings: Settings) -> bytes:
    try:
        if path.stat().st_size > settings.max_bytes:
            raise ScanError(_too_large(path.name, settings))
        return path.read_bytes()
    except FileNotFoundError:
        raise ScanError(f"{path.name}: there is no such file. Check the path.") from None
    except OSError as error:
        raise ScanError(f"{path.name}: cannot be opened ({error.strerror}). Check the path and permissions.") from error


def _too_large(name: str, settings: Settings) -> str:
    return f"{name}: the file is larger than {settings.max_bytes // 2**20} MB. Export the slice as a single image."


def _from_bytes(data: bytes, name: str, settings: Settings) -> Scan:
    if not data:
        raise ScanError(f"{name}: the file is empty. Export or copy it again.")
    if len(data) > settings.max_bytes:
        raise ScanError(_too_large(name, settings))
    with _opened(data, name) as image:
        width, height = image.size
        if width * height > settings.max_pixels:
            raise ScanError(
                f"{name}: {width} x {height} pixels is more than the {settings.max_pixels:,} allowed. "
                "Export the slice at its own size."
            )
        mode = image.mode
        values, bits = _grey(_decoded(image, name))
    return _checked(values, name, hashlib.sha256(data).hexdigest(), mode, bits, settings)


def _opened(data: bytes, name: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError:
        raise ScanError(f"{name}: not a JPEG or PNG image. Export the slice as JPEG or PNG and try again.") from None
    except Image.DecompressionBombError:
        raise ScanError(f"{name}: the image unpacks to far too many pixels. Export the slice at its own size.") from None
    except (OSError, ValueError, SyntaxError) as error:
        raise ScanError(f"{name}: the file is damaged and cannot be read. Export or copy it again.") from error


def _decoded(image: Image.Image, name: str) -> Image.Image:
    try:
        image.load()
        upright = ImageOps.exif_transpose(image)
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError) as error:
        raise ScanError(f"{name}: the file is cut short or damaged. Export or copy it again.") from error
    return image if upright is None else upright


def _grey(image: Image.Image) -> tuple[NDArray[np.float32], int]:
    """Grey values from 0 to 1 and bits per sample; transparent parts count as black."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _window(np.asarray(image, dtype=np.float32)), 16
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image)
    grey = image if image.mode == "L" else image.convert("RGB").convert("L")
    return np.asarray(grey, dtype=np.float32) / np.float32(255.0), 8


def _window(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values clipped between two robust percentiles and scaled to 0..1; constant input gives zeros."""
    low, high = np.percentile(values, _DEEP_WINDOW)
    if high <= low:
        low, high = float(values.min()), float(values.max())
    if high <= low:
        return np.zeros_like(values)
    return np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1).astype(np.float32)


def _from_array(array: NDArray, name: str, settings: Settings) -> Scan:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or array.size == 0:
        raise ScanError(f"{name}: an array of shape {array.shape} is no image. Give height x width, or x 3, or x 4.")
    if array.dtype == np.uint8 or array.dtype == np.bool_:
        picture = Image.fromarray(np.squeeze(array).astype(np.uint8) * (255 if array.dtype == np.bool_ else 1))
        values, bits = _grey(picture)
    else:
        values = np.asarray(array, dtype=np.float32)
        if not np.isfinite(values).all():
            raise ScanError(f"{name}: the array holds values that are not numbers. Replace them first.")
        values, bits = _window(values if values.ndim == 2 else values[..., :3].mean(axis=2)), 16
    digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
    return _checked(values, name, digest, "array", bits, settings)


def _checked(
    values: NDArray[np.float32], name: str, digest: str, mode: str, bits: int, settings: Settings
) -> Scan:
    if min(values.shape) < settings.min_side:
        raise ScanError(
            f"{name}: {values.shape[1]} x {values.shape[0]} pixels is too small to read. "
            f"Give an image of at least {settings.min_side} pixels a side."
        )
    if float(np.ptp(values)) < 1 / 255:
        raise ScanError(f"{name}: the whole image is one colour, so there is nothing to read. Check the export.")
    return Scan(np.ascontiguousarray(values), name, digest, mode, bits)
