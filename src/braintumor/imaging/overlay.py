"""Heat map and tumour outline over a scan, in colours that read the same to the colour-blind."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

# Inferno (Smith and van der Walt 2015, CC0): perceptually uniform, rising in lightness, safe for the colour-blind.
_INFERNO_STOPS: Final = (
    (0, 0, 4), (27, 12, 65), (74, 12, 107), (120, 28, 109), (165, 44, 96), (207, 68, 70),
    (237, 105, 37), (251, 155, 6), (247, 209, 61), (252, 255, 164),
)  # fmt: skip
# The dark end of the scale cannot be told from a dark scan, so evidence starts at this stop of it.
_HEAT_MAP_START: Final = 0.25
# Okabe and Ito's sky blue: far from every colour of the heat map and from grey.
OUTLINE_COLOR: Final = (86, 180, 233)


def inferno_colors(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Colours (..., 3) of values (...) from 0 to 1, on the Inferno scale."""
    colours: NDArray[np.uint8] = _INFERNO_TABLE[np.rint(np.clip(values, 0.0, 1.0) * 255.0).astype(np.intp)]
    return colours


def _build_inferno_table() -> NDArray[np.uint8]:
    stops = np.asarray(_INFERNO_STOPS, np.float64)
    places = np.linspace(0, len(stops) - 1, 256)
    channels = [np.interp(places, np.arange(len(stops)), stops[:, channel]) for channel in range(3)]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)


_INFERNO_TABLE: Final = _build_inferno_table()
_HEAT_MAP_TABLE: Final = inferno_colors(_HEAT_MAP_START + (1.0 - _HEAT_MAP_START) * np.linspace(0.0, 1.0, 256))


def draw_overlay(
    gray: NDArray[np.uint8],
    heat_map: NDArray[np.floating] | None,
    alpha: float = 0.65,
    mask: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """Lay a heat map over grey values, and the outline of a mask over both.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)
        As `Scan.to_uint8()` gives it.
    heat : ndarray from 0 to 1, shape (height, width), or None
        As `Detection.heat_map` gives it; None leaves the scan as it is.
    strength : float from 0 to 1
        Opacity where evidence is 1. Opacity falls with evidence, and where there is none the scan shows unchanged.
    mask : ndarray of bool, shape (height, width), optional
        Area to outline.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB.

    Raises
    ------
    ValueError
        They are not all the same size, or the strength is out of range.
    """
    if not 0.0 <= alpha <= 1.0:
        raise ValueError(f"strength must be from 0 to 1, not {alpha}.")
    for name, values in (("heat map", heat_map), ("mask", mask)):
        if values is not None and values.shape != gray.shape:
            raise ValueError(f"The {name} is {values.shape}, the scan {gray.shape}: they must be the same size.")
    painted = Image.fromarray(gray).convert("RGB")
    if heat_map is not None:
        painted = _blend_heat_map(painted, heat_map, alpha)
    if mask is not None:
        painted.paste(OUTLINE_COLOR, mask=Image.fromarray(outline_mask(mask)))
    return np.asarray(painted)


def outline_mask(mask: NDArray[np.bool_], thickness: int | None = None) -> NDArray[np.bool_]:
    """The rim of a mask (height, width), just outside it, `reach` pixels wide (a 250th of the longer side)."""
    thickness = thickness or max(1, round(max(mask.shape) / 250))
    grown = Image.fromarray(mask.astype(np.uint8) * np.uint8(255)).filter(ImageFilter.MaxFilter(2 * thickness + 1))
    return (np.asarray(grown) > 0) & ~mask


def _blend_heat_map(base: Image.Image, heat_map: NDArray[np.floating], alpha: float) -> Image.Image:
    # Pillow mixes 8-bit pictures several times faster than numpy mixes floats; 256 steps are finer than the eye.
    steps = Image.fromarray(np.rint(np.clip(np.nan_to_num(heat_map), 0.0, 1.0) * 255.0).astype(np.uint8))
    opacity = steps.point([round(alpha * step) for step in range(256)])
    coloured = steps.copy()
    coloured.putpalette(_HEAT_MAP_TABLE.tobytes())
    return Image.composite(coloured.convert("RGB"), base, opacity)
