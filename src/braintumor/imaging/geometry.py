"""Mapping between the pixel grid of a scan and the model input."""

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Left, top, right, bottom, in pixels of the model input.
MapExtent = tuple[float, float, float, float]


def position_in_image(values: NDArray[Any]) -> str:
    """Describe where the largest value lies, such as `upper left` or `centre`; left and right are the image's."""
    row, column = np.unravel_index(int(np.argmax(values)), values.shape)
    down = ("upper", "middle", "lower")[min(2, 3 * int(row) // values.shape[0])]
    across = ("left", "centre", "right")[min(2, 3 * int(column) // values.shape[1])]
    return "centre" if (down, across) == ("middle", "centre") else f"{down} {across}"


@dataclass(frozen=True, slots=True)
class Geometry:
    """Crop box in the scan, and the box of the model input that the crop was resized into.

    Boxes are (left, top, right, bottom) in pixels; right and bottom are exclusive. Sizes are (width, height).
    """

    scan_size: tuple[int, int]
    crop_box: tuple[int, int, int, int]
    paste_box: tuple[int, int, int, int]
    input_size: tuple[int, int]

    def mask_to_input(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Crop and resize a mask of the scan exactly as `preprocess` crops and resizes the scan.

        Parameters
        ----------
        mask : ndarray of bool, shape (scan height, scan width)

        Returns
        -------
        ndarray of bool, shape (input height, input width)
        """
        left, top, right, bottom = self.paste_box
        image = Image.fromarray(mask.astype(np.uint8) * np.uint8(255))
        resized = image.resize((right - left, bottom - top), Image.Resampling.BILINEAR, box=self.crop_box)
        input_mask = np.zeros(self.input_size[::-1], bool)
        input_mask[top:bottom, left:right] = np.asarray(resized) > 127
        return input_mask

    def resample_to_scan(
        self, values: NDArray[np.float32], fill_value: float = 0.0, extent: MapExtent | None = None
    ) -> NDArray[np.float32]:
        """Resample a map over the model input to the pixel grid of the scan.

        Parameters
        ----------
        values : ndarray of float32, shape (rows, columns)
            A map at any resolution.
        fill_value : float
            Value for the cropped margin, which is not part of the model input.
        extent : (left, top, right, bottom), optional
            The part of the model input, in its pixels, that the cells of the map cover; by default all of it. Layers
            without padding leave out a rim: the centre of their first cell is the centre of its receptive field.
            Beyond the extent, values fade to zero within one cell.

        Returns
        -------
        ndarray of float32, shape (scan height, scan width)
        """
        resampled = np.full(self.scan_size[::-1], fill_value, np.float32)
        resampled[self._crop] = self._resample_to_crop(values, extent)
        return resampled

    def mask_to_scan(self, values: NDArray[np.float32], threshold: float) -> NDArray[np.bool_]:
        """Return where a map over the model input exceeds a threshold of at least 0 on the pixel grid of the scan.

        The same as comparing what `resample_to_scan` returns, but faster.
        """
        mask = np.zeros(self.scan_size[::-1], np.bool_)
        if values.max() > threshold:  # resampling averages values, so none exceeds the highest
            mask[self._crop] = self._resample_to_crop(values) > threshold
        return mask

    @property
    def _crop(self) -> tuple[slice, slice]:
        left, top, right, bottom = self.crop_box
        return slice(top, bottom), slice(left, right)

    def _resample_to_crop(self, values: NDArray[np.float32], extent: MapExtent | None = None) -> NDArray[np.float32]:
        input_width, input_height = self.input_size
        horizontal = _Axis.from_span(values.shape[1], input_width, (extent[0], extent[2]) if extent else None)
        vertical = _Axis.from_span(values.shape[0], input_height, (extent[1], extent[3]) if extent else None)
        padded = values.astype(np.float32)
        if extent:
            padded = np.pad(padded, (vertical.padding, horizontal.padding))
        left, top, right, bottom = self.paste_box
        box = (horizontal.to_cell(left), vertical.to_cell(top), horizontal.to_cell(right), vertical.to_cell(bottom))
        crop_left, crop_top, crop_right, crop_bottom = self.crop_box
        size = (crop_right - crop_left, crop_bottom - crop_top)
        return np.asarray(Image.fromarray(padded).resize(size, Image.Resampling.BILINEAR, box=box))


@dataclass(frozen=True, slots=True)
class _Axis:
    """One axis of a map: its start and cell size in input pixels, and the empty cells that pad it to the edges."""

    start: float
    cell_size: float
    padding: tuple[int, int]
    cell_count: int

    @classmethod
    def from_span(cls, cell_count: int, length: int, span: tuple[float, float] | None) -> Self:
        start, end = span or (0.0, float(length))
        cell = (end - start) / cell_count
        padding = (max(0, math.ceil(start / cell)), max(0, math.ceil((length - end) / cell)))
        return cls(start - padding[0] * cell, cell, padding, cell_count + sum(padding))

    def to_cell(self, pixel: float) -> float:
        """Convert a pixel edge to cells, clamped because Pillow rejects boxes that rounding moved outside the map."""
        return min(max((pixel - self.start) / self.cell_size, 0.0), float(self.cell_count))
