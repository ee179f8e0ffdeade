"""Mapping between the pixel grid of a scan, the model input and the patient."""

import math
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Left, top, right, bottom, in pixels of the model input.
MapExtent = tuple[float, float, float, float]
# A position or direction in the patient, in mm: to the left, to the back and to the head, as in DICOM (LPS).
Vector = tuple[float, float, float]
# Letters of the directions along each axis, and against it.
_LETTERS: Final = (("L", "R"), ("P", "A"), ("S", "I"))
# A direction within 20 degrees of a plane has no letter across that plane: axial slices are usually tilted a little.
_MIN_LETTER_COSINE: Final = math.sin(math.radians(20))


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a slice lies in the patient.

    Attributes
    ----------
    right, down : Vector
        From the left to the right edge of the slice, and from the top to the bottom edge.
    corner : Vector, optional
        The outer corner of the upper left pixel, in the middle of the slice's thickness; None if not stated.
    frame : str
        Identical for slices with the same coordinate system; empty if that is not known. It contains no identifier of
        a file.
    is_oriented : bool
        Whether the file states the patient's orientation. If not, the axes of a volume were assumed.
    """

    right: Vector
    down: Vector
    corner: Vector | None = None
    frame: str = ""
    is_oriented: bool = True

    def turned(self, quarter_turns: int) -> Self:
        """Return the placement of the slice turned clockwise by quarter turns."""
        placement = self
        for _ in range(quarter_turns % 4):  # the bottom left corner comes to the upper left
            right, down = placement.right, placement.down
            placement = replace(placement, right=scale(down, -1), down=right, corner=placement.point(0, 1))
        return placement

    def cropped(self, left: float, top: float, right: float, bottom: float) -> Self:
        """Return the placement of a part of the slice, whose edges are fractions of its width and height."""
        return replace(
            self, right=scale(self.right, right - left), down=scale(self.down, bottom - top),
            corner=self.point(left, top),
        )  # fmt: skip

    def point(self, across: float, along: float) -> Vector | None:
        """Return a position by fractions of the width and height; None if the corner is not stated."""
        return self.corner and add(add(self.corner, scale(self.right, across)), scale(self.down, along))

    @property
    def normal(self) -> Vector:
        """Unit vector at a right angle to the slice."""
        (a, b, c), (d, e, f) = self.right, self.down
        normal = b * f - c * e, c * d - a * f, a * e - b * d
        return scale(normal, 1 / (math.hypot(*normal) or 1.0))

    def distance(self, position: Vector) -> float:
        """Return how far a position lies from the slice, along its normal; 0 if the corner is not stated."""
        return dot(add(position, scale(self.corner, -1)), self.normal) if self.corner else 0.0

    def project(self, position: Vector) -> Vector:
        """Return the nearest position within the plane of the slice."""
        return add(position, scale(self.normal, -self.distance(position)))

    def edge_letters(self) -> tuple[str, str, str, str] | None:
        """Return the directions at the top, right, bottom and left edge, such as `A`, `L`, `P`, `R`.

        An oblique direction has several letters, the nearest first. None if the orientation is not known.
        """
        if not self.is_oriented:
            return None
        return (
            _direction_letters(scale(self.down, -1)), _direction_letters(self.right),
            _direction_letters(self.down), _direction_letters(scale(self.right, -1)),
        )  # fmt: skip


def add(first: Vector, second: Vector) -> Vector:
    """Return the sum of two vectors."""
    return first[0] + second[0], first[1] + second[1], first[2] + second[2]


def scale(vector: Vector, factor: float) -> Vector:
    """Return a vector times a number."""
    return vector[0] * factor, vector[1] * factor, vector[2] * factor


def dot(first: Vector, second: Vector) -> float:
    """Return the scalar product of two vectors."""
    return first[0] * second[0] + first[1] * second[1] + first[2] * second[2]


def _direction_letters(direction: Vector) -> str:
    length = math.hypot(*direction) or 1.0
    axes = sorted(range(3), key=lambda axis: -abs(direction[axis]))
    near = (axis for axis in axes if abs(direction[axis]) / length > _MIN_LETTER_COSINE)
    return "".join(_LETTERS[axis][direction[axis] < 0] for axis in near)


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
