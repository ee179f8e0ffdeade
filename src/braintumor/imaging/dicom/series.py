"""Slices of many DICOM files: sorted into studies, series and stacks, what is skipped of them, and their reader."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from braintumor.enums import Plane, SkipReason
from braintumor.errors import ScanError
from braintumor.imaging.dicom.reader import read_frame
from braintumor.imaging.dicom.stacks import DicomSlice, SliceStack, split_into_stacks
from braintumor.imaging.scan import Scan, SeriesPosition, SkippedScan
from braintumor.settings import Settings
from braintumor.text import pluralize

# Roles of files that are skipped if their study has other images, with what they are called in a warning.
_SKIPPED_ROLES: Final[dict[str, str]] = {
    SkipReason.LOCALIZER: "a localizer, a coarse image for planning",
    SkipReason.DERIVED_MAP: "a map computed from other images",
    SkipReason.SCREENSHOT: "a screenshot",
    SkipReason.REPORT: "part of a report",
}
_PLANES: Final = {str(plane): plane for plane in Plane}  # a stack can also be oblique
# Types of images that show no anatomy as a magnitude image does.
_NOT_MAGNITUDE: Final = ("phase", "real", "imaginary", "field map")


@dataclass(frozen=True, slots=True)
class SortedSlice:
    """A slice to read.

    Attributes
    ----------
    slice : DicomSlice
        What to read.
    position : SeriesPosition
        Its position in its stack.
    warnings : tuple of str
        Warnings that follow from the other files of the study.
    """

    slice: DicomSlice
    position: SeriesPosition
    warnings: tuple[str, ...] = ()


def sort_into_series(
    slices: Iterable[DicomSlice], all_time_points: bool = False
) -> Iterator[SortedSlice | SkippedScan]:
    """Yield slices series by series and stack by stack, in order of their first files.

    A file without a series is a series by itself. Localizers, derived maps, screenshots and reports are skipped,
    unless their study has no other images. Of a time series, only the first time point is read by default.

    Parameters
    ----------
    all_time_points : bool
        Whether to read every time point of a time series.
    """
    items = list(slices)
    studies_with_images = {item.metadata.study_key for item in items if item.role not in _SKIPPED_ROLES}
    series: dict[str, list[DicomSlice]] = {}
    for item in items:
        if item.role in _SKIPPED_ROLES and item.metadata.study_key in studies_with_images:
            yield SkippedScan(item.display_name, item.role, item.sha256)
        else:
            series.setdefault(item.metadata.series_key or item.sha256[:24], []).append(item)
    for key, members in series.items():
        yield from _sort_series(key, members, all_time_points)


class SeriesReader:
    """Reads DICOM frames, and keeps the content of the last file for its other frames."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sha256, self._data = "", b""
        self._readable_files: set[str] = set()
        self._failed_files: set[str] = set()

    def read(self, sorted_slice: SortedSlice) -> Scan | None:
        """Read a frame; None if it belongs to a file whose first frame failed.

        Raises
        ------
        ScanError
            The frame cannot be read.
        """
        item = sorted_slice.slice
        if item.sha256 in self._failed_files:
            return None
        try:
            if self._sha256 != item.sha256:
                self._sha256, self._data = item.sha256, item.file.reopen()
            scan = read_frame(
                self._data, item.sha256, item.metadata, item.frame_index, item.display_name, self._settings,
                sorted_slice.position,
            )  # fmt: skip
        except ScanError:
            if len(item.metadata.frames) > 1 and item.sha256 not in self._readable_files:
                self._failed_files.add(item.sha256)
            raise
        self._readable_files.add(item.sha256)
        warnings = sorted_slice.warnings
        return replace(scan, warnings=(*scan.warnings, *warnings)) if warnings else scan


def _sort_series(key: str, members: list[DicomSlice], all_time_points: bool) -> Iterator[SortedSlice | SkippedScan]:
    stacks = split_into_stacks(members)
    titles = _stack_titles(stacks)
    skipped: list[SliceStack] = []
    for number, (stack, title) in enumerate(zip(stacks, titles, strict=True)):
        if stack.time_point and not all_time_points:
            skipped.append(stack)
            continue
        stack_key = key if len(stacks) == 1 else hashlib.blake2s(f"{key}|{number}".encode(), digest_size=12).hexdigest()
        for index, item in enumerate(stack.slices):
            position = SeriesPosition(
                stack_key, title, index, len(stack.slices), plane=_PLANES.get(stack.plane, Plane.UNKNOWN),
                millimetres=item.frame.position,
            )  # fmt: skip
            yield SortedSlice(item, position, tuple(_iter_warnings(item)))
    if skipped:
        first = skipped[0].slices[0]
        count = sum(len(stack.slices) for stack in skipped)
        noun = "time point" if all(stack.has_times for stack in skipped) else "volume"
        reason = f"{pluralize(len(skipped), f'more {noun}')} of {_series_name(first)} ({pluralize(count, 'slice')})"
        yield SkippedScan(first.name, reason, first.sha256)


def _iter_warnings(item: DicomSlice) -> Iterator[str]:
    role = _SKIPPED_ROLES.get(item.role)
    is_named = item.role == SkipReason.SCREENSHOT and item.metadata.burned_in == "maybe"
    if role and not is_named:  # the warning about text in a screen capture names it already
        yield f"According to the file, this is {role}. It was read because the study has no other images."
    if item.frame.image_type in _NOT_MAGNITUDE:
        kind = item.frame.image_type
        yield f"According to the file, this image is of type `{kind}`. The model was trained on magnitude images only."


def _series_name(item: DicomSlice) -> str:
    number = item.metadata.series_number
    return "a series" if number is None else f"series {number}"


def _stack_titles(stacks: Sequence[SliceStack]) -> list[str]:
    """Describe each stack by what it contains and what distinguishes it from the others of its series."""
    titles = []
    for stack in stacks:
        metadata = stack.slices[0].metadata
        noun = "time point" if stack.has_times else "volume"
        words = (
            "Series" if metadata.series_number is None else f"Series {metadata.series_number}",
            *metadata.contrast_words,
            stack.plane,
            *stack.qualifiers,
            pluralize(len(stack.slices), "slice"),
            f"{noun} {stack.time_point + 1} of {stack.time_points}" if stack.time_points > 1 else "",
        )
        titles.append(", ".join(word for word in words if word))
    return [
        f"{title}, stack {titles[:index].count(title) + 1} of {titles.count(title)}"
        if titles.count(title) > 1
        else title
        for index, title in enumerate(titles)
    ]
