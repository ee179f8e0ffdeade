"""Extraction of metadata from a DICOM dataset, tolerant of missing and damaged values."""

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from pydicom.dataset import Dataset

from braintumor.enums import NON_MR_MODALITIES
from braintumor.imaging.dicom.allowed_tags import describe_contrast
from braintumor.imaging.dicom.metadata import DicomMetadata, FrameMetadata

T = TypeVar("T")

_MR_SOP_CLASS: Final = "1.2.840.10008.5.1.4.1.1.4"
_SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
# Minimum cosine between the slice normal and an axis of the body to name the plane after it.
_MIN_PLANE_COSINE: Final = 0.8


def parse_metadata(dataset: Dataset, salt: bytes, max_frames: int) -> DicomMetadata:
    """Return the metadata of a file, with the series identifier hashed with the salt.

    A file with too many frames gets `max_frames + 1` of them, so that the caller can reject it.

    Raises
    ------
    ValueError
        The image size is missing or invalid.
    """
    rows, columns = get_int(dataset, "Rows"), get_int(dataset, "Columns")
    if not rows or not columns or min(rows, columns) < 0:
        raise ValueError("no size")
    photometric = get_text(dataset, "PhotometricInterpretation")
    orientation = _file_orientation(dataset)
    uid = get_text(dataset, "SeriesInstanceUID")
    description = f"{get_text(dataset, 'SeriesDescription')} {get_text(dataset, 'AcquisitionContrast')}"
    return DicomMetadata(
        rows=rows,
        columns=columns,
        is_color=(get_int(dataset, "SamplesPerPixel") or 1) > 1 or photometric.startswith("PALETTE"),
        is_inverted=photometric == "MONOCHROME1",
        bits=get_int(dataset, "BitsStored") or 16,
        frames=_parse_frames(dataset, orientation, max_frames + 1),
        series_key=hashlib.blake2b(uid.encode(), key=salt, digest_size=12).hexdigest() if uid else "",
        series_number=get_int(dataset, "SeriesNumber"),
        instance_number=get_int(dataset, "InstanceNumber"),
        contrast_words=tuple(describe_contrast(description)),
        plane=_name_plane(orientation),
        orientation=tuple(round(cosine, 2) + 0.0 for cosine in orientation),
        modality=_parse_modality(dataset),
        burned_in=_parse_burned_in(dataset),
    )


def get_value(dataset: Dataset, keyword: str) -> Any:
    """Return a value; None if it is absent, empty or damaged."""
    try:
        return dataset.get(keyword)
    except Exception:  # pydicom converts values on access, and a damaged one can raise any parser error
        return None


def get_items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; empty if it is absent or not a sequence."""
    value = get_value(dataset, keyword)
    return list(value) if isinstance(value, Sequence) and all(isinstance(item, Dataset) for item in value) else []


def get_text(dataset: Dataset, keyword: str) -> str:
    """Return a value as text; empty if it is absent."""
    value = get_value(dataset, keyword)
    return "" if value is None else str(value).strip()


def get_floats(dataset: Dataset, keyword: str) -> list[float]:
    """Return the numbers of a tag; empty if any of them is not a finite number."""
    value = get_value(dataset, keyword)
    if value is None:
        return []
    values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    try:
        numbers = [float(number) for number in values]
    except (TypeError, ValueError, OverflowError):
        return []
    return numbers if all(math.isfinite(number) for number in numbers) else []


def first_float(datasets: Iterable[Dataset], keyword: str) -> float | None:
    """Return the first number of a tag, from the first dataset that has it."""
    numbers = _first(datasets, lambda dataset: get_floats(dataset, keyword))
    return numbers[0] if numbers else None


def get_int(dataset: Dataset, keyword: str) -> int | None:
    """Return the first number of a tag as an integer."""
    numbers = get_floats(dataset, keyword)
    return int(numbers[0]) if numbers else None


def _first(datasets: Iterable[Dataset], parse: Callable[[Dataset], T | None]) -> T | None:
    """Return the first result that is not empty."""
    return next((value for dataset in datasets if (value := parse(dataset))), None)


def _parse_frames(dataset: Dataset, orientation: Sequence[float], max_frames: int) -> tuple[FrameMetadata, ...]:
    """Parse the frames; frames without functional groups repeat the last one that has them."""
    count = min(max_frames, max(1, get_int(dataset, "NumberOfFrames") or 1))
    shared = get_items(dataset, "SharedFunctionalGroupsSequence")[:1]
    per_frame = get_items(dataset, "PerFrameFunctionalGroupsSequence")[:count]
    frames = [_parse_frame([group, *shared, dataset], orientation) for group in per_frame]
    if not frames:
        frames = [_parse_frame([*shared, dataset], orientation)]
    return (*frames, *frames[-1:] * (count - len(frames)))


def _parse_frame(datasets: list[Dataset], file_orientation: Sequence[float]) -> FrameMetadata:
    """Parse a frame from its own group, the shared group and the file, in order of precedence."""
    orientation = _first(_functional_groups(datasets, "PlaneOrientationSequence"), _parse_orientation)
    transforms = _functional_groups(datasets, "PixelValueTransformationSequence")
    positions = _functional_groups(datasets, "PlanePositionSequence")
    windows = _first(_functional_groups(datasets, "FrameVOILUTSequence"), _parse_windows) or ()
    return FrameMetadata(
        position=_position_along_normal(positions, orientation or file_orientation),
        spacing=_first(_functional_groups(datasets, "PixelMeasuresSequence"), _parse_spacing),
        slope=first_float(transforms, "RescaleSlope") or 1.0,
        intercept=first_float(transforms, "RescaleIntercept") or 0.0,
        window=windows[0] if windows else None,
        other_windows=windows[1:],
    )


def _functional_groups(datasets: list[Dataset], keyword: str) -> list[Dataset]:
    """Return a functional group from each dataset that has it, then the file, which may have the same tags."""
    return [item for dataset in datasets for item in get_items(dataset, keyword)[:1]] + datasets[-1:]


def _file_orientation(dataset: Dataset) -> tuple[float, ...]:
    """Return the orientation of the file itself, of all its frames, or of the first frame."""
    groups = [
        *get_items(dataset, "SharedFunctionalGroupsSequence")[:1],
        *get_items(dataset, "PerFrameFunctionalGroupsSequence")[:1],
    ]
    candidates = [dataset, *(item for group in groups for item in get_items(group, "PlaneOrientationSequence")[:1])]
    return _first(candidates, _parse_orientation) or ()


def _parse_orientation(dataset: Dataset) -> tuple[float, ...]:
    cosines = get_floats(dataset, "ImageOrientationPatient")
    return tuple(cosines) if len(cosines) == 6 and any(_slice_normal(cosines)) else ()


def _slice_normal(orientation: Sequence[float]) -> tuple[float, float, float]:
    a, b, c, d, e, f = orientation
    return b * f - c * e, c * d - a * f, a * e - b * d


def _name_plane(orientation: Sequence[float]) -> str:
    if not orientation:
        return ""
    cosines = [abs(component) for component in _slice_normal(orientation)]
    names = ("sagittal", "coronal", "axial")
    return next((name for name, cosine in zip(names, cosines, strict=True) if cosine >= _MIN_PLANE_COSINE), "oblique")


def _position_along_normal(datasets: list[Dataset], orientation: Sequence[float]) -> float | None:
    """Return the position of a slice along its normal, in mm."""
    positions = (get_floats(dataset, "ImagePositionPatient") for dataset in datasets)
    corner = next((position for position in positions if len(position) == 3), None)
    if corner is None or not orientation:
        return None
    normal = _slice_normal(orientation)
    return sum(coordinate * component for coordinate, component in zip(corner, normal, strict=True))


def _parse_spacing(dataset: Dataset) -> tuple[float, float] | None:
    spacing = get_floats(dataset, "PixelSpacing")
    return (spacing[0], spacing[1]) if len(spacing) == 2 and min(spacing) > 0 else None


def _parse_windows(dataset: Dataset) -> tuple[tuple[float, float], ...] | None:
    """Return centres and widths with edges at centre -+ width / 2; the standard's LINEAR default is half a step off."""
    is_linear = get_text(dataset, "VOILUTFunction") in ("", "LINEAR")  # PS3.3 C.11.2.1.2.1
    shift, excess = (0.5, 1.0) if is_linear else (0.0, 0.0)
    pairs = zip(get_floats(dataset, "WindowCenter"), get_floats(dataset, "WindowWidth"), strict=False)
    return tuple((center - shift, width - excess) for center, width in pairs if width > excess) or None


def _parse_modality(dataset: Dataset) -> str:
    modality, sop_class = get_text(dataset, "Modality"), get_text(dataset, "SOPClassUID")
    if sop_class == _MR_SOP_CLASS or sop_class.startswith(f"{_MR_SOP_CLASS}."):
        return "MR"
    return modality if modality in ("", "MR", *NON_MR_MODALITIES) else "OT"


def _parse_burned_in(dataset: Dataset) -> str:
    annotation = get_text(dataset, "BurnedInAnnotation").upper()
    if annotation in ("YES", "NO"):
        return annotation.lower()
    sop_class = get_text(dataset, "SOPClassUID")
    is_screen_capture = sop_class.startswith(_SECONDARY_CAPTURE) or get_text(dataset, "ConversionType")
    return "maybe" if is_screen_capture else "no"
