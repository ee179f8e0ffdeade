"""A DICOM dataset -> Facts: tolerant of what is missing, and silent about every tag that is not whitelisted."""

import hashlib
from collections.abc import Sequence
from typing import Final

from pydicom.dataset import Dataset

from braintumor.imaging.dicom.facts import Facts, FrameFacts
from braintumor.imaging.dicom.values import first, items, numbers, text, whole
from braintumor.imaging.dicom.words import known_words
from braintumor.vocabulary import OTHER_MODALITIES

_MR_CLASSES: Final = ("1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.")
_SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
# The smallest cosine between a slice's normal and an axis of the body for it to bear that plane's name.
_ALONG: Final = 0.8


def facts_of(dataset: Dataset, salt: bytes, max_frames: int) -> Facts:
    """What may be known of a file; its series keyed with the salt, one frame more than allowed where it has too many.

    Raises
    ------
    ValueError
        It does not say how large its image is.
    """
    rows, columns = whole(dataset, "Rows"), whole(dataset, "Columns")
    if not rows or not columns or min(rows, columns) < 0:
        raise ValueError("no size")
    photometric = text(dataset, "PhotometricInterpretation")
    orientation = _turned(dataset)
    uid = text(dataset, "SeriesInstanceUID")
    return Facts(
        rows=rows,
        columns=columns,
        colour=(whole(dataset, "SamplesPerPixel") or 1) > 1 or photometric.startswith("PALETTE"),
        inverted=photometric == "MONOCHROME1",
        bits=whole(dataset, "BitsStored") or 16,
        signed=whole(dataset, "PixelRepresentation") == 1,
        frames=_frames(dataset, orientation, max_frames + 1),
        key=hashlib.blake2b(uid.encode(), key=salt, digest_size=12).hexdigest() if uid else "",
        number=whole(dataset, "SeriesNumber"),
        instance=whole(dataset, "InstanceNumber"),
        words=tuple(known_words(f"{text(dataset, 'SeriesDescription')} {text(dataset, 'AcquisitionContrast')}")),
        plane=_plane(orientation),
        orientation=tuple(round(cosine, 2) + 0.0 for cosine in orientation),
        modality=_modality(dataset),
        burned_in=_burned_in(dataset),
    )


def _frames(dataset: Dataset, orientation: Sequence[float], most: int) -> tuple[FrameFacts, ...]:
    count = min(most, max(1, whole(dataset, "NumberOfFrames") or 1))
    shared = items(dataset, "SharedFunctionalGroupsSequence")[:1]
    own = items(dataset, "PerFrameFunctionalGroupsSequence")[:count]
    told = [_frame([group, *shared, dataset], orientation) for group in own] or [
        _frame([*shared, dataset], orientation)
    ]
    return (*told, *told[-1:] * (count - len(told)))


def _frame(places: list[Dataset], orientation: Sequence[float]) -> FrameFacts:
    """Facts of a frame, each from the first of the places that tells it."""
    measures = _groups(places, "PixelMeasuresSequence")
    turned = next((way for group in _groups(places, "PlaneOrientationSequence") if (way := _orientation(group))), ())
    transform = _groups(places, "PixelValueTransformationSequence")
    return FrameFacts(
        position=_position(_groups(places, "PlanePositionSequence"), turned or orientation),
        spacing=next((pair for group in measures if (pair := _spacing(group))), None),
        slope=first(transform, "RescaleSlope") or 1.0,
        intercept=first(transform, "RescaleIntercept") or 0.0,
        window=next((pair for group in _groups(places, "FrameVOILUTSequence") if (pair := _window(group))), None),
    )


def _groups(places: list[Dataset], keyword: str) -> list[Dataset]:
    """The functional group of each place where it has one; the file itself last, which may tell the same."""
    return [item for place in places for item in items(place, keyword)[:1]] + places[-1:]


def _turned(dataset: Dataset) -> tuple[float, ...]:
    """Orientation of a file: its own, or what it says of all its frames, or of the first."""
    groups = [
        *items(dataset, "SharedFunctionalGroupsSequence")[:1],
        *items(dataset, "PerFrameFunctionalGroupsSequence")[:1],
    ]
    places = [dataset, *(item for group in groups for item in items(group, "PlaneOrientationSequence")[:1])]
    return next((found for place in places if (found := _orientation(place))), ())


def _orientation(dataset: Dataset) -> tuple[float, ...]:
    found = numbers(dataset, "ImageOrientationPatient")
    return tuple(found) if len(found) == 6 and any(_normal(found)) else ()


def _normal(orientation: Sequence[float]) -> tuple[float, float, float]:
    a, b, c, d, e, f = orientation
    return b * f - c * e, c * d - a * f, a * e - b * d


def _plane(orientation: Sequence[float]) -> str:
    if not orientation:
        return ""
    cosines = [abs(part) for part in _normal(orientation)]
    names = ("sagittal", "coronal", "axial")
    return next((name for name, cosine in zip(names, cosines, strict=True) if cosine >= _ALONG), "oblique")


def _position(places: list[Dataset], orientation: Sequence[float]) -> float | None:
    """How far along its normal a slice lies, in mm."""
    corner = next((found for place in places if len(found := numbers(place, "ImagePositionPatient")) == 3), None)
    if corner is None or not orientation:
        return None
    return sum(part * along for part, along in zip(corner, _normal(orientation), strict=True))


def _spacing(dataset: Dataset) -> tuple[float, float] | None:
    found = numbers(dataset, "PixelSpacing")
    return (found[0], found[1]) if len(found) == 2 and min(found) > 0 else None


def _window(dataset: Dataset) -> tuple[float, float] | None:
    """Centre and width with black and white at centre -+ width / 2, which the standard's default is half a step off."""
    center, width = numbers(dataset, "WindowCenter")[:1], numbers(dataset, "WindowWidth")[:1]
    if not center or not width:
        return None
    if text(dataset, "VOILUTFunction") in ("", "LINEAR"):  # PS3.3 C.11.2.1.2.1
        center, width = [center[0] - 0.5], [width[0] - 1.0]
    return (center[0], width[0]) if width[0] > 0 else None


def _modality(dataset: Dataset) -> str:
    modality, sop_class = text(dataset, "Modality"), text(dataset, "SOPClassUID")
    if sop_class == _MR_CLASSES[0] or sop_class.startswith(_MR_CLASSES[1]):
        return "MR"
    return modality if modality in ("", "MR", *OTHER_MODALITIES) else "OT"


def _burned_in(dataset: Dataset) -> str:
    said = text(dataset, "BurnedInAnnotation").upper()
    if said in ("YES", "NO"):
        return said.lower()
    captured = text(dataset, "SOPClassUID").startswith(_SECONDARY_CAPTURE) or text(dataset, "ConversionType")
    return "maybe" if captured else "no"
