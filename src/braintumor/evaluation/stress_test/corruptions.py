"""Image corruptions of growing strength, such as noise, blur and rotation."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.uint8]
CorruptionFunction = Callable[[Pixels, float, np.random.Generator], Pixels]

# Blur radii are in pixels of an image of this width, whatever the size of the scan.
_REFERENCE_WIDTH: Final = 160


@dataclass(frozen=True, slots=True)
class Corruption:
    """One kind of corruption.

    Attributes
    ----------
    unit : str
        Unit of `strengths`, in words.
    strengths : tuple of float
        From weak to strong.
    apply : callable
        Takes pixels (height, width), a strength and a random generator, and returns pixels of the same shape.
    is_geometric : bool
        Whether pixels move, so that masks must be transformed too.
    """

    unit: str
    strengths: tuple[float, ...]
    apply: CorruptionFunction
    is_geometric: bool = False

    def corrupt_mask(self, mask: NDArray[np.bool_], strength: float) -> NDArray[np.bool_]:
        """Transform the reference mask of a corrupted scan."""
        if not self.is_geometric:
            return mask
        pixels = self.apply(mask.astype(np.uint8) * np.uint8(255), strength, np.random.default_rng(0))
        return np.asarray(pixels > 127)


def _add_noise(pixels: Pixels, strength: float, generator: np.random.Generator) -> Pixels:
    """Add Rician noise, as in magnitude MRI: black turns grey (Gudbjartsson and Patz 1995)."""
    real, imaginary = 255 * strength * generator.standard_normal((2, *pixels.shape), np.float32)
    return _to_uint8(np.hypot(pixels + real, imaginary))


def _blur(pixels: Pixels, strength: float, _: np.random.Generator) -> Pixels:
    radius = strength * max(pixels.shape) / _REFERENCE_WIDTH
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def _compress_jpeg(pixels: Pixels, strength: float, _: np.random.Generator) -> Pixels:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=int(strength))
    return np.asarray(Image.open(stream))


def _reduce_contrast(pixels: Pixels, strength: float, _: np.random.Generator) -> Pixels:
    middle = float(pixels.mean())
    return _to_uint8(middle + strength * (pixels.astype(np.float32) - middle))


def _rotate(pixels: Pixels, strength: float, _: np.random.Generator) -> Pixels:
    """Rotate about the centre, always in the same direction."""
    return np.asarray(Image.fromarray(pixels).rotate(strength, Image.Resampling.BILINEAR))


def _enlarge(pixels: Pixels, strength: float, _: np.random.Generator) -> Pixels:
    """Enlarge about the centre and crop to the original size."""
    height, width = pixels.shape
    margin_x, margin_y = width * (1 - 1 / strength) / 2, height * (1 - 1 / strength) / 2
    box = (margin_x, margin_y, width - margin_x, height - margin_y)
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR, box=box))


def _to_uint8(values: NDArray[np.floating]) -> Pixels:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


CORRUPTIONS: Final[dict[str, Corruption]] = {
    "noise": Corruption("standard deviation, share of the grey range", (0.02, 0.05, 0.1, 0.15, 0.2), _add_noise),
    "blur": Corruption("standard deviation in pixels of a 160-pixel frame", (0.5, 1.0, 1.5, 2.0, 3.0), _blur),
    "jpeg": Corruption("JPEG quality", (50, 30, 20, 10, 5), _compress_jpeg),
    "contrast": Corruption("share of the contrast left", (0.8, 0.6, 0.4, 0.3, 0.2), _reduce_contrast),
    "rotation": Corruption("degrees", (5, 10, 15, 20, 30), _rotate, is_geometric=True),
    "scaling": Corruption("times as large, edges lost", (1.05, 1.1, 1.2, 1.35, 1.5), _enlarge, is_geometric=True),
}
