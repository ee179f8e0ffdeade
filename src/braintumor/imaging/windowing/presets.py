"""Window presets of a picture: those of its file, customary ones of CT, percentiles, and the full range."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from braintumor.imaging.windowing.scaling import WINDOW_PERCENTILES

HOUNSFIELD: Final = "HU"
# Customary windows of head CT in HU: centre and width.
_CT_WINDOWS: Final = (("Brain", 40.0, 80.0), ("Subdural", 75.0, 215.0), ("Bone", 600.0, 2800.0))
_PERCENTILES: Final = (WINDOW_PERCENTILES, (2.0, 98.0), (10.0, 99.0))
# Number of values from which percentiles are estimated.
_SAMPLE_SIZE: Final = 50_000


class FileWindow(NamedTuple):
    """A window that a file states.

    Attributes
    ----------
    center, width : float
        Black is at center - width / 2, white at center + width / 2.
    name : str
        What it is for, in words of a fixed list; empty if not stated.
    stated : (float, float), optional
        Centre and width as written in the file; DICOM's linear windows are half a step off. None if the picture was
        inverted, so that they do not apply to its values.
    """

    center: float
    width: float
    name: str = ""
    stated: tuple[float, float] | None = None

    def inverted(self, total: float) -> "FileWindow":
        """Return the window of the inverted picture, whose values are `total` minus the values of the file."""
        return FileWindow(total - self.center, self.width, self.name)


class WindowPreset(NamedTuple):
    """A window to choose.

    Attributes
    ----------
    label : str
        Names it with its centre, width and unit.
    center, width : float
        Black is at center - width / 2, white at center + width / 2.
    stated : (float, float), optional
        As in `FileWindow`.
    """

    label: str
    center: float
    width: float
    stated: tuple[float, float] | None = None


def window_presets(
    values: NDArray[Any],
    file_windows: Iterable[FileWindow] = (),
    unit: str = "",
    initial: tuple[float, float] | None = None,
) -> list[WindowPreset]:
    """Return the presets of a picture; equal windows appear once.

    Parameters
    ----------
    values : ndarray of uint8 or float32, shape (height, width)
        Values before windowing, or grey levels.
    file_windows : iterable of FileWindow
        Windows that the file states.
    unit : str
        Unit of the values; empty if not stated.
    initial : (float, float), optional
        Centre and width with which the picture is first shown.
    """
    suffix = f" {unit}" if unit else ""
    presets: dict[tuple[float, float], WindowPreset] = {}
    for name, center, width, stated in _iter_windows(values, tuple(file_windows), unit, initial):
        shown_center, shown_width = stated or (center, width)
        label = f"{name}: centre {_format(shown_center, width)}, width {_format(shown_width, width)}{suffix}"
        presets.setdefault((round(center, 6), round(width, 6)), WindowPreset(label, center, width, stated))
    return list(presets.values())


def _iter_windows(
    values: NDArray[Any], file_windows: tuple[FileWindow, ...], unit: str, initial: tuple[float, float] | None
) -> Iterator[tuple[str, float, float, tuple[float, float] | None]]:
    for number, window in enumerate(file_windows, start=1):
        name = window.name or ("Window" if len(file_windows) == 1 else f"Window {number}")
        yield f"{name} (file)", window.center, window.width, window.stated
    if unit == HOUNSFIELD:
        yield from ((name, center, width, None) for name, center, width in _CT_WINDOWS)
    is_8_bit = values.dtype == np.uint8
    if is_8_bit:
        yield "Unchanged", 127.5, 255.0, None
    elif initial is not None:
        yield "As opened", *initial, None
    low, high = float(values.min()), float(values.max())
    sample = values.ravel()[:: max(1, values.size // _SAMPLE_SIZE)]
    sample = sample[sample > low]  # without the background
    for percentiles in _PERCENTILES if sample.size else ():
        dark, bright = (float(edge) for edge in np.percentile(sample, percentiles))
        if bright > dark:
            name = "Percentiles {:g} to {:g} of this picture".format(*percentiles)
            yield name, (dark + bright) / 2, bright - dark, None
    if high > low:
        yield "Lowest to highest value", (low + high) / 2, high - low, None


def _format(value: float, width: float) -> str:
    """Return a number as precisely as the width of its window makes sense."""
    return f"{value:,.0f}" if max(abs(value), width) >= 1000 else f"{value:.4g}"
