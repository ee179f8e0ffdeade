"""Heat map and tumour outline drawn over a scan, in colours safe for colour-blind readers."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from braintumor.imaging.windowing import unit_to_uint8

# Inferno (Smith and van der Walt 2015, CC0): perceptually uniform, with increasing lightness.
_INFERNO_STOPS: Final = (
    (0, 0, 4), (27, 12, 65), (74, 12, 107), (120, 28, 109), (165, 44, 96), (207, 68, 70),
    (237, 105, 37), (251, 155, 6), (247, 209, 61), (252, 255, 164),
)  # fmt: skip
# The dark end of the scale looks like a dark scan, so the heat map starts at this fraction of it.
_HEAT_MAP_START: Final = 0.25
# Sky blue of Okabe and Ito: distinct from grey and from every colour of the heat map.
OUTLINE_COLOR: Final = (86, 180, 233)


def inferno_colors(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Map values (...) from 0 to 1 to RGB colours (..., 3) of the Inferno scale."""
    colors: NDArray[np.uint8] = _INFERNO_TABLE[unit_to_uint8(values)]
    return colors


def _build_inferno_table() -> NDArray[np.uint8]:
    stops = np.asarray(_INFERNO_STOPS, np.float64)
    positions = np.linspace(0, len(stops) - 1, 256)
    channels = [np.interp(positions, np.arange(len(stops)), stops[:, channel]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)


_INFERNO_TABLE: Final = _build_inferno_table()
_HEAT_MAP_TABLE: Final = inferno_colors(_HEAT_MAP_START + (1.0 - _HEAT_MAP_START) * np.linspace(0.0, 1.0, 256))


def draw_overlay(
    gray: NDArray[np.uint8],
    heat_map: NDArray[np.floating] | None,
    alpha: float = 0.65,
    mask: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """Draw a heat map over grey values, and the outline of a mask over both.

    Parameters
    ----------
    gray : ndarray of uint8, shape (height, width)
        The scan, as returned by `Scan.to_uint8()`.
    heat_map : ndarray from 0 to 1, shape (height, width), or None
        Evidence, as in `Detection.heat_map`; None draws no heat map.
    alpha : float from 0 to 1
        Opacity where the evidence is 1. Opacity is proportional to the evidence: where it is 0, the scan is unchanged.
    mask : ndarray of bool, shape (height, width), optional
        Area to outline.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB.

    Raises
    ------
    ValueError
        The sizes differ, or `alpha` is out of range.
    """
    if not 0.0 <= alpha <= 1.0:
        raise ValueError(f"alpha must be from 0 to 1, not {alpha}.")
    for name, values in (("heat map", heat_map), ("mask", mask)):
        if values is not None and values.shape != gray.shape:
            raise ValueError(f"The {name} has shape {values.shape}, the scan {gray.shape}: they must be the same size.")
    overlay = Image.fromarray(gray).convert("RGB")
    if heat_map is not None:
        overlay = _blend_heat_map(overlay, heat_map, alpha)
    if mask is not None:
        overlay.paste(OUTLINE_COLOR, mask=Image.fromarray(outline_mask(mask)))
    return np.asarray(overlay)


def outline_mask(mask: NDArray[np.bool_], thickness: int | None = None) -> NDArray[np.bool_]:
    """Return the outline just outside a mask (height, width); its default thickness is a 250th of the longer side."""
    thickness = thickness or max(1, round(max(mask.shape) / 250))
    dilated = Image.fromarray(mask.astype(np.uint8) * np.uint8(255)).filter(ImageFilter.MaxFilter(2 * thickness + 1))
    return (np.asarray(dilated) > 0) & ~mask


def _blend_heat_map(base: Image.Image, heat_map: NDArray[np.floating], alpha: float) -> Image.Image:
    # Pillow blends 8-bit images several times faster than numpy blends floats, and 256 levels are enough for the eye.
    levels = Image.fromarray(unit_to_uint8(np.nan_to_num(heat_map)))
    opacity = levels.point([round(alpha * level) for level in range(256)])
    colored = levels.copy()
    colored.putpalette(_HEAT_MAP_TABLE.tobytes())
    return Image.composite(colored.convert("RGB"), base, opacity)
