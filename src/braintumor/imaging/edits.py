"""What a reader changed on a picture before it is read: turn, crop and inversion."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import PictureKind
from braintumor.errors import ScanError
from braintumor.imaging.scan import Scan

# Left, top, right, bottom in pixels; right and bottom are exclusive.
Box = tuple[int, int, int, int]
# Shortest side of a part that can be read, in pixels.
MIN_CROP_SIDE: Final = 32
EDIT_NOTE: Final = "The reader changed the picture before it was read"


@dataclass(frozen=True, slots=True)
class ScanEdit:
    """Changes of a scan, in the order crop, turn, inversion.

    Attributes
    ----------
    turn : int
        Clockwise quarter turns, 0 to 3.
    crop : (left, top, right, bottom), optional
        Part to read, in pixels of the unturned scan; right and bottom are exclusive.
    is_inverted : bool
        Whether bright and dark are exchanged.
    is_upright : bool
        Whether the reader says that the scan is upright after `turn`, in which case no turn is detected.
    """

    turn: int = 0
    crop: Box | None = None
    is_inverted: bool = False
    is_upright: bool = False

    def __post_init__(self) -> None:
        if self.turn not in range(4):
            raise ValueError(f"A turn is 0, 1, 2 or 3 quarter turns, not {self.turn}.")

    @property
    def is_empty(self) -> bool:
        """Whether nothing is changed."""
        return self == ScanEdit()

    def turned(self, quarter_turns: int) -> "ScanEdit":
        """Return this edit with clockwise quarter turns added; the result is upright."""
        return replace(self, turn=(self.turn + quarter_turns) % 4, is_upright=True)

    def inverted(self) -> "ScanEdit":
        """Return this edit with bright and dark exchanged once more."""
        return replace(self, is_inverted=not self.is_inverted)

    def cropped(self, box: Box, size: tuple[int, int]) -> "ScanEdit":
        """Return this edit with a further crop.

        Parameters
        ----------
        box : (left, top, right, bottom)
            Part of the edited scan, in its pixels.
        size : (width, height)
            Size of the unedited scan.
        """
        area_left, area_top, area_right, area_bottom = self.crop or (0, 0, *size)
        width, height = area_right - area_left, area_bottom - area_top
        left, top, right, bottom = box
        for turn in range(self.turn, 0, -1):  # undo one quarter turn at a time
            turned_width = height if turn % 2 else width
            left, top, right, bottom = top, turned_width - right, bottom, turned_width - left
        return replace(
            self,
            crop=(
                area_left + max(0, left),
                area_top + max(0, top),
                area_left + min(width, right),
                area_top + min(height, bottom),
            ),
        )

    def describe(self) -> str:
        """Return a sentence about what the reader changed; empty if nothing."""
        changes = []
        if self.crop is not None:
            changes.append("cropped")
        if self.turn:
            changes.append(describe_turn(self.turn))
        if self.is_inverted:
            changes.append("inverted")
        return f"{EDIT_NOTE}: {', '.join(changes)}." if changes else ""


def describe_turn(quarter_turns: int) -> str:
    """Describe clockwise quarter turns, such as `turned left by 90 degrees` for three."""
    return {1: "turned right by 90 degrees", 2: "turned by 180 degrees", 3: "turned left by 90 degrees"}[quarter_turns]


def apply_edit(scan: Scan, edit: ScanEdit) -> Scan:
    """Return an edited scan: values, values before windowing, window and spacing change together.

    A sentence about the edit is added to the warnings.

    Raises
    ------
    ScanError
        The part to read lies outside the scan, has a side under 32 pixels, or contains only one value.
    """
    edited = scan if edit.crop is None else _crop_scan(scan, edit.crop)
    edited = turn_scan(edited, edit.turn)
    if edit.is_inverted:
        edited = invert_scan(edited)
    sentence = edit.describe()
    return replace(
        edited,
        warnings=(*edited.warnings, sentence) if sentence else edited.warnings,
        is_oriented=edited.is_oriented or edit.is_upright or bool(edit.turn),
    )


def turn_scan(scan: Scan, quarter_turns: int) -> Scan:
    """Turn a scan clockwise by quarter turns."""
    if quarter_turns % 4 == 0:
        return scan
    spacing = scan.spacing[::-1] if scan.spacing and quarter_turns % 2 else scan.spacing
    placement = scan.placement and scan.placement.turned(quarter_turns)
    return _map_pixels(
        replace(scan, spacing=spacing, placement=placement), lambda values: np.rot90(values, -quarter_turns)
    )


def _crop_scan(scan: Scan, box: Box) -> Scan:
    left, top, right, bottom = box
    if not (0 <= left < right <= scan.width and 0 <= top < bottom <= scan.height):
        raise ScanError(f"{scan.name}: the part to read lies outside the picture. Select it again.")
    if min(right - left, bottom - top) < MIN_CROP_SIDE:
        raise ScanError(
            f"{scan.name}: the part to read is {right - left} x {bottom - top} pixels. Select at least "
            f"{MIN_CROP_SIDE} x {MIN_CROP_SIDE}."
        )
    part = scan.values[top:bottom, left:right]
    if part.min() == part.max():
        raise ScanError(f"{scan.name}: all pixels of the part to read have the same value. Select another part.")
    # Grey values of the model input are those of the part, not of the whole picture.
    edges = left / scan.width, top / scan.height, right / scan.width, bottom / scan.height
    placement = scan.placement and scan.placement.cropped(*edges)
    cropped = replace(scan, model_gray=None, picture=PictureKind.SLICE, placement=placement)
    return _map_pixels(cropped, lambda values: values[top:bottom, left:right])


def invert_scan(scan: Scan) -> Scan:
    """Exchange bright and dark."""
    white = np.uint8(255) if scan.values.dtype == np.uint8 else np.float32(1)
    inverted = replace(scan, values=_freeze(white - scan.values), model_gray=None)
    if scan.raw is None:
        return inverted
    total = float(scan.raw.min()) + float(scan.raw.max())
    window = None if scan.window is None else (total - scan.window[0], scan.window[1])
    file_windows = tuple(each.inverted(total) for each in scan.file_windows)
    raw = _freeze((np.float32(total) - scan.raw).astype(np.float32))
    return replace(inverted, raw=raw, window=window, file_windows=file_windows, unit="")


def _map_pixels(scan: Scan, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Scan:
    """Apply a change of the pixels' positions to all arrays of a scan."""
    raw = None if scan.raw is None else _freeze(change(scan.raw))
    model_gray = None
    if scan.model_gray is not None and raw is not None and scan.model_gray[0] is scan.raw:
        model_gray = raw, _freeze(change(scan.model_gray[1]))
    return replace(scan, values=_freeze(change(scan.values)), raw=raw, model_gray=model_gray)


def _freeze(values: NDArray[Any]) -> NDArray[Any]:
    """Return a contiguous, read-only array."""
    contiguous = np.ascontiguousarray(values)
    if contiguous.flags.writeable:
        contiguous.setflags(write=False)
    return contiguous
