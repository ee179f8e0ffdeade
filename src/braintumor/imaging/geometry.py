"""Geometry: where a scan's pixels went in the model's frame, and how points and maps come back."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MapExtent = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the scan went: the cropped box of the scan, and the box of the frame it was put into.

    Boxes are (left, top, right, bottom) in pixels, right and bottom exclusive.
    """

    scan_size: tuple[int, int]
    crop_box: tuple[int, int, int, int]
    paste_box: tuple[int, int, int, int]
    input_size: tuple[int, int]

    def mask_to_input(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Put a mask of the scan through the crop and resize that `standardize` gave the scan.

        Parameters
        ----------
        mask : ndarray of bool, shape (scan height, scan width)

        Returns
        -------
        ndarray of bool, shape (frame height, frame width)
        """
        left, top, right, bottom = self.paste_box
        picture = Image.fromarray(mask.astype(np.uint8) * np.uint8(255))
        inner = picture.resize((right - left, bottom - top), Image.Resampling.BILINEAR, box=self.crop_box)
        frame = np.zeros(self.input_size[::-1], bool)
        frame[top:bottom, left:right] = np.asarray(inner) > 127
        return frame

    def resample_to_scan(
        self, values: NDArray[np.float32], fill_value: float = 0.0, extent: MapExtent | None = None
    ) -> NDArray[np.float32]:
        """Bring a map laid over the model's frame back onto the scan's own pixel grid.

        Parameters
        ----------
        values : ndarray of float32, shape (rows, columns)
            A map at any resolution.
        outside : float
            Value for the cropped margin, of which the model saw nothing.
        extent : (left, top, right, bottom), optional
            The part of the frame, in its pixels, that the map's cells lie over; the whole frame by default. Layers
            without padding leave out a rim: the middle of their first cell is the middle of what it sees. Beyond the
            extent values fade to zero within a cell.

        Returns
        -------
        ndarray of float32, shape (scan height, scan width)
        """
        frame_width, frame_height = self.input_size
        wide = _Axis.from_span(values.shape[1], frame_width, (extent[0], extent[2]) if extent else None)
        high = _Axis.from_span(values.shape[0], frame_height, (extent[1], extent[3]) if extent else None)
        padded = (
            np.pad(values.astype(np.float32), (high.padding, wide.padding)) if extent else values.astype(np.float32)
        )
        left, top, right, bottom = self.paste_box
        box = (wide.to_cell(left), high.to_cell(top), wide.to_cell(right), high.to_cell(bottom))
        crop_left, crop_top, crop_right, crop_bottom = self.crop_box
        size = (crop_right - crop_left, crop_bottom - crop_top)
        inner = Image.fromarray(padded).resize(size, Image.Resampling.BILINEAR, box=box)
        scan_width, scan_height = self.scan_size
        whole = np.full((scan_height, scan_width), fill_value, np.float32)
        whole[crop_top:crop_bottom, crop_left:crop_right] = np.asarray(inner)
        return whole


@dataclass(frozen=True, slots=True)
class _Axis:
    """One direction of a map: where its cells lie over the frame, and how many empty ones pad it to the edges."""

    start: float
    cell_size: float
    padding: tuple[int, int]
    cell_count: int

    @classmethod
    def from_span(cls, cell_count: int, length: int, span: tuple[float, float] | None) -> Self:
        start, end = span or (0.0, float(length))
        cell = (end - start) / cell_count
        rim = (max(0, math.ceil(start / cell)), max(0, math.ceil((length - end) / cell)))
        return cls(start - rim[0] * cell, cell, rim, cell_count + sum(rim))

    def to_cell(self, pixel: float) -> float:
        """Where a pixel edge of the frame lies, in cells; kept inside, for Pillow refuses what rounding pushed out."""
        return min(max((pixel - self.start) / self.cell_size, 0.0), float(self.cell_count))
