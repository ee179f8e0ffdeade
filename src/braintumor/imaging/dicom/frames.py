"""Metadata of the frames of a DICOM dataset, from functional groups (PS3.3 C.7.6.16) or the file itself."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pydicom.dataset import Dataset

from braintumor.imaging.dicom.allowed_tags import describe_window
from braintumor.imaging.dicom.image_types import parse_image_type
from braintumor.imaging.dicom.metadata import FrameMetadata
from braintumor.imaging.dicom.values import (
    first_float,
    first_result,
    format_number,
    get_floats,
    get_int,
    get_items,
    get_private_float,
    get_text,
    get_value,
    get_words,
)
from braintumor.imaging.hanging import has_valid_orientation, normal_sign, slice_normal
from braintumor.imaging.windowing import FileWindow

# In order of preference (PS3.3 10.7.1.3): at the patient, at the detector, of a digitized film.
_SPACING_TAGS: Final = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
# Where a time is stated, in order of preference: functional group (None for the file) and attribute.
_TIME_SOURCES: Final = (
    ("FrameContentSequence", "TemporalPositionIndex"),
    (None, "TemporalPositionIdentifier"),
    ("TemporalPositionSequence", "TemporalPositionTimeOffset"),
    ("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime"),
    (None, "TriggerTime"),
    ("FrameContentSequence", "FrameAcquisitionNumber"),
    (None, "AcquisitionNumber"),
)
# GE adds this to b-values whose direction it interpolated.
_GE_B_VALUE_OFFSET: Final = 1_000_000_000


def parse_frames(dataset: Dataset, max_frames: int) -> tuple[FrameMetadata, ...]:
    """Parse the frames; frames without functional groups of their own have what the file states for all."""
    count = min(max_frames, max(1, get_int(dataset, "NumberOfFrames") or 1))
    shared = get_items(dataset, "SharedFunctionalGroupsSequence")[:1]
    per_frame = get_items(dataset, "PerFrameFunctionalGroupsSequence")[:count]
    groups = [[group, *shared, dataset] for group in per_frame]
    if len(groups) < count:
        groups.append([*shared, dataset])
    frames = [_parse_frame(datasets) for datasets in groups]
    times = _parse_times(groups)
    frames = [replace(frame, time=time) for frame, time in zip(frames, times, strict=True)]
    return (*frames, *frames[-1:] * (count - len(frames)))


def file_orientation(dataset: Dataset) -> tuple[float, ...]:
    """Return the orientation of the file itself, of all its frames, or of the first frame."""
    groups = [
        *get_items(dataset, "SharedFunctionalGroupsSequence")[:1],
        *get_items(dataset, "PerFrameFunctionalGroupsSequence")[:1],
    ]
    candidates = [dataset, *(item for group in groups for item in get_items(group, "PlaneOrientationSequence")[:1])]
    return first_result(candidates, _parse_orientation) or ()


def round_orientation(orientation: Sequence[float]) -> tuple[float, ...]:
    """Round direction cosines, so that they are equal in all slices of a stack."""
    return tuple(round(cosine, 2) + 0.0 for cosine in orientation)


def _parse_frame(datasets: list[Dataset]) -> FrameMetadata:
    """Parse a frame from its own group, the shared group and the file, in order of precedence."""
    orientation = first_result(_functional_groups(datasets, "PlaneOrientationSequence"), _parse_orientation) or ()
    transforms = _functional_groups(datasets, "PixelValueTransformationSequence")
    positions = _functional_groups(datasets, "PlanePositionSequence")
    windows = first_result(_functional_groups(datasets, "FrameVOILUTSequence"), _parse_windows) or ()
    measures = _functional_groups(datasets, "PixelMeasuresSequence")
    corners = (get_floats(dataset, "ImagePositionPatient") for dataset in positions)
    corner = next((position for position in corners if len(position) == 3), None)
    spacing = next((pair for tag in _SPACING_TAGS if (pair := _first_pair(measures, tag))), None)
    return FrameMetadata(
        position=_position_along_normal(corner, orientation),
        spacing=spacing,
        aspect_ratio=None if spacing else _first_pair(measures, "PixelAspectRatio"),
        slope=first_float(transforms, "RescaleSlope") or 1.0,
        intercept=first_float(transforms, "RescaleIntercept") or 0.0,
        windows=tuple(windows),
        orientation=round_orientation(orientation),
        echo=_parse_echo(datasets),
        diffusion=_parse_b_value(datasets),
        image_type=_parse_image_type(datasets),
        cosines=tuple(orientation),
        first_pixel=tuple(corner or ()),
    )


def _functional_groups(datasets: list[Dataset], keyword: str) -> list[Dataset]:
    """Return a functional group from each dataset that has it, then the file, which may have the same tags."""
    return [item for dataset in datasets for item in get_items(dataset, keyword)[:1]] + datasets[-1:]


def _parse_orientation(dataset: Dataset) -> tuple[float, ...]:
    cosines = get_floats(dataset, "ImageOrientationPatient")
    return tuple(cosines) if has_valid_orientation(cosines) else ()


def _position_along_normal(corner: Sequence[float] | None, orientation: Sequence[float]) -> float | None:
    """Return the position of a slice along its normal, in mm."""
    if corner is None or not orientation:
        return None
    distance = sum(x * y for x, y in zip(corner, slice_normal(orientation), strict=True))
    return distance * normal_sign(orientation) + 0.0


def _first_pair(datasets: list[Dataset], keyword: str) -> tuple[float, float] | None:
    """Return the first pair of positive numbers: of rows, and of columns."""

    def parse(dataset: Dataset) -> tuple[float, float] | None:
        pair = get_floats(dataset, keyword)
        return (pair[0], pair[1]) if len(pair) == 2 and min(pair) > 0 else None

    return first_result(datasets, parse)


def _parse_windows(dataset: Dataset) -> list[FileWindow]:
    """Return centres and widths with edges at centre -+ width / 2; the standard's LINEAR default is half a step off."""
    centers, widths = get_floats(dataset, "WindowCenter"), get_floats(dataset, "WindowWidth")
    names = [describe_window(words) for words in get_words(dataset, "WindowCenterWidthExplanation")]
    names += [""] * len(centers)
    is_linear = get_text(dataset, "VOILUTFunction").upper() in ("", "LINEAR")  # PS3.3 C.11.2.1.2.1
    shift, excess = (0.5, 1.0) if is_linear else (0.0, 0.0)
    windows = [
        FileWindow(center - shift, width - excess, name, (center, width))
        for center, width, name in zip(centers, widths, names, strict=False)
    ]
    return [window for window in windows if window.width > 0]


def _parse_times(groups: list[list[Dataset]]) -> list[str]:
    """Return the time of each frame, from the first source that differs between frames, or that is stated at all."""
    stated = []
    for keyword, attribute in _TIME_SOURCES:
        sources = [_functional_groups(datasets, keyword) if keyword else datasets[-1:] for datasets in groups]
        numbers = [first_float(datasets, attribute) for datasets in sources]
        if any(number is not None for number in numbers):
            stated.append(["" if number is None else format_number(number) for number in numbers])
    return next((times for times in stated if len(set(times)) > 1), stated[0] if stated else [""] * len(groups))


def _parse_echo(datasets: list[Dataset]) -> str:
    """Return the echo time, which also distinguishes echoes that all have the same number."""
    time = first_float(_functional_groups(datasets, "MREchoSequence"), "EffectiveEchoTime")
    time = first_float(datasets[-1:], "EchoTime") if time is None else time
    if time:
        return f"{time:.4g}"
    number = first_float(datasets[-1:], "EchoNumbers")
    return "" if number is None else format_number(number)


def _parse_b_value(datasets: list[Dataset]) -> str:
    value = first_float(_functional_groups(datasets, "MRDiffusionSequence"), "DiffusionBValue")
    for name in ("SiemensBValue", "GeBValue", "PhilipsBValue"):
        value = get_private_float(datasets[-1], name) if value is None else value
    if value is None or value < 0:
        return ""
    return format_number(value % _GE_B_VALUE_OFFSET)


def _parse_image_type(datasets: list[Dataset]) -> str:
    groups = _functional_groups(datasets, "MRImageFrameTypeSequence")
    words = next((words for group in groups if (words := get_words(group, "FrameType"))), ())
    component = next((text for group in groups if (text := get_text(group, "ComplexImageComponent"))), "")
    raw_type = get_private_float(datasets[-1], "GeRawDataType")
    return parse_image_type(words or get_words(datasets[-1], "ImageType"), component, raw_type)


def frame_types(dataset: Dataset) -> list[tuple[str, ...]]:
    """Return the values of FrameType, in upper case, of every frame that states them."""
    groups = [*get_items(dataset, "PerFrameFunctionalGroupsSequence")]
    groups = groups or get_items(dataset, "SharedFunctionalGroupsSequence")[:1]
    items = (item for group in groups for item in get_items(group, "MRImageFrameTypeSequence")[:1])
    return [get_words(item, "FrameType") for item in items if get_value(item, "FrameType")]
