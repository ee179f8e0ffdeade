"""A DICOM dataset -> Facts: tolerant of what is missing, and silent about every tag that is not whitelisted."""

import hashlib
import math
from collections.abc import Sequence
from typing import Any, Final

from pydicom.dataset import Dataset

from braintumor.enums import NON_MR_MODALITIES
from braintumor.imaging.dicom.allowed_tags import describe_contrast
from braintumor.imaging.dicom.metadata import DicomMetadata, FrameMetadata


def get_value(dataset: Dataset, keyword: str) -> Any:
    """A value; None where it is absent, empty or damaged."""
    try:
        return dataset.get(keyword)
    except Exception:  # pydicom converts values when they are asked for, with any parser's errors
        return None


def get_items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Items of a sequence; none where it is absent or no sequence."""
    found = get_value(dataset, keyword)
    return list(found) if isinstance(found, Sequence) and all(isinstance(item, Dataset) for item in found) else []


def get_text(dataset: Dataset, keyword: str) -> str:
    """A value as text; empty where it is absent."""
    found = get_value(dataset, keyword)
    return "" if found is None else str(found).strip()


def get_floats(dataset: Dataset, keyword: str) -> list[float]:
    """Finite numbers of a tag; none where any of them is not."""
    found = get_value(dataset, keyword)
    several = isinstance(found, Sequence) and not isinstance(found, str)
    listed = [] if found is None else list(found) if several else [found]
    try:
        parsed = [float(one) for one in listed]
    except (TypeError, ValueError, OverflowError):
        return []
    return parsed if all(math.isfinite(number) for number in parsed) else []


def first_float(datasets: list[Dataset], keyword: str) -> float | None:
    """First number of a tag in the first dataset that tells it."""
    return next((found[0] for dataset in datasets if (found := get_floats(dataset, keyword))), None)


def get_int(dataset: Dataset, keyword: str) -> int | None:
    """First number of a tag as a whole one."""
    found = get_floats(dataset, keyword)
    return int(found[0]) if found else None


_MR_SOP_CLASSES: Final = ("1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.")
_SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
# The smallest cosine between a slice's normal and an axis of the body for it to bear that plane's name.
_MIN_PLANE_COSINE: Final = 0.8


def parse_metadata(dataset: Dataset, salt: bytes, max_frames: int) -> DicomMetadata:
    """What may be known of a file; its series keyed with the salt, one frame more than allowed where it has too many.

    Raises
    ------
    ValueError
        It does not say how large its image is.
    """
    rows, columns = get_int(dataset, "Rows"), get_int(dataset, "Columns")
    if not rows or not columns or min(rows, columns) < 0:
        raise ValueError("no size")
    photometric = get_text(dataset, "PhotometricInterpretation")
    orientation = _file_orientation(dataset)
    uid = get_text(dataset, "SeriesInstanceUID")
    return DicomMetadata(
        rows=rows,
        columns=columns,
        colour=(get_int(dataset, "SamplesPerPixel") or 1) > 1 or photometric.startswith("PALETTE"),
        inverted=photometric == "MONOCHROME1",
        bits=get_int(dataset, "BitsStored") or 16,
        signed=get_int(dataset, "PixelRepresentation") == 1,
        frames=_parse_frames(dataset, orientation, max_frames + 1),
        key=hashlib.blake2b(uid.encode(), key=salt, digest_size=12).hexdigest() if uid else "",
        number=get_int(dataset, "SeriesNumber"),
        instance=get_int(dataset, "InstanceNumber"),
        words=tuple(
            describe_contrast(f"{get_text(dataset, 'SeriesDescription')} {get_text(dataset, 'AcquisitionContrast')}")
        ),
        plane=_name_plane(orientation),
        orientation=tuple(round(cosine, 2) + 0.0 for cosine in orientation),
        modality=_parse_modality(dataset),
        burned_in=_parse_burned_in(dataset),
    )


def _parse_frames(dataset: Dataset, orientation: Sequence[float], max_frames: int) -> tuple[FrameMetadata, ...]:
    count = min(max_frames, max(1, get_int(dataset, "NumberOfFrames") or 1))
    shared = get_items(dataset, "SharedFunctionalGroupsSequence")[:1]
    own = get_items(dataset, "PerFrameFunctionalGroupsSequence")[:count]
    told = [_parse_frame([group, *shared, dataset], orientation) for group in own] or [
        _parse_frame([*shared, dataset], orientation)
    ]
    return (*told, *told[-1:] * (count - len(told)))


def _parse_frame(datasets: list[Dataset], orientation: Sequence[float]) -> FrameMetadata:
    """Facts of a frame, each from the first of the places that tells it."""
    measures = _functional_groups(datasets, "PixelMeasuresSequence")
    turned = next(
        (
            way
            for group in _functional_groups(datasets, "PlaneOrientationSequence")
            if (way := _parse_orientation(group))
        ),
        (),
    )
    transform = _functional_groups(datasets, "PixelValueTransformationSequence")
    return FrameMetadata(
        position=_position_along_normal(_functional_groups(datasets, "PlanePositionSequence"), turned or orientation),
        spacing=next((pair for group in measures if (pair := _parse_spacing(group))), None),
        slope=first_float(transform, "RescaleSlope") or 1.0,
        intercept=first_float(transform, "RescaleIntercept") or 0.0,
        window=next(
            (pair for group in _functional_groups(datasets, "FrameVOILUTSequence") if (pair := _parse_window(group))),
            None,
        ),
    )


def _functional_groups(datasets: list[Dataset], keyword: str) -> list[Dataset]:
    """The functional group of each place where it has one; the file itself last, which may tell the same."""
    return [item for place in datasets for item in get_items(place, keyword)[:1]] + datasets[-1:]


def _file_orientation(dataset: Dataset) -> tuple[float, ...]:
    """Orientation of a file: its own, or what it says of all its frames, or of the first."""
    groups = [
        *get_items(dataset, "SharedFunctionalGroupsSequence")[:1],
        *get_items(dataset, "PerFrameFunctionalGroupsSequence")[:1],
    ]
    places = [dataset, *(item for group in groups for item in get_items(group, "PlaneOrientationSequence")[:1])]
    return next((found for place in places if (found := _parse_orientation(place))), ())


def _parse_orientation(dataset: Dataset) -> tuple[float, ...]:
    found = get_floats(dataset, "ImageOrientationPatient")
    return tuple(found) if len(found) == 6 and any(_slice_normal(found)) else ()


def _slice_normal(orientation: Sequence[float]) -> tuple[float, float, float]:
    a, b, c, d, e, f = orientation
    return b * f - c * e, c * d - a * f, a * e - b * d


def _name_plane(orientation: Sequence[float]) -> str:
    if not orientation:
        return ""
    cosines = [abs(part) for part in _slice_normal(orientation)]
    names = ("sagittal", "coronal", "axial")
    return next((name for name, cosine in zip(names, cosines, strict=True) if cosine >= _MIN_PLANE_COSINE), "oblique")


def _position_along_normal(datasets: list[Dataset], orientation: Sequence[float]) -> float | None:
    """How far along its normal a slice lies, in mm."""
    corner = next((found for place in datasets if len(found := get_floats(place, "ImagePositionPatient")) == 3), None)
    if corner is None or not orientation:
        return None
    return sum(part * along for part, along in zip(corner, _slice_normal(orientation), strict=True))


def _parse_spacing(dataset: Dataset) -> tuple[float, float] | None:
    found = get_floats(dataset, "PixelSpacing")
    return (found[0], found[1]) if len(found) == 2 and min(found) > 0 else None


def _parse_window(dataset: Dataset) -> tuple[float, float] | None:
    """Centre and width with black and white at centre -+ width / 2, which the standard's default is half a step off."""
    center, width = get_floats(dataset, "WindowCenter")[:1], get_floats(dataset, "WindowWidth")[:1]
    if not center or not width:
        return None
    if get_text(dataset, "VOILUTFunction") in ("", "LINEAR"):  # PS3.3 C.11.2.1.2.1
        center, width = [center[0] - 0.5], [width[0] - 1.0]
    return (center[0], width[0]) if width[0] > 0 else None


def _parse_modality(dataset: Dataset) -> str:
    modality, sop_class = get_text(dataset, "Modality"), get_text(dataset, "SOPClassUID")
    if sop_class == _MR_SOP_CLASSES[0] or sop_class.startswith(_MR_SOP_CLASSES[1]):
        return "MR"
    return modality if modality in ("", "MR", *NON_MR_MODALITIES) else "OT"


def _parse_burned_in(dataset: Dataset) -> str:
    said = get_text(dataset, "BurnedInAnnotation").upper()
    if said in ("YES", "NO"):
        return said.lower()
    captured = get_text(dataset, "SOPClassUID").startswith(_SECONDARY_CAPTURE) or get_text(dataset, "ConversionType")
    return "maybe" if captured else "no"
