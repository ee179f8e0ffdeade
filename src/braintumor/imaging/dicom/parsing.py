"""Extraction of metadata from a DICOM dataset, tolerant of missing and damaged values."""

from collections.abc import Sequence
from typing import Final

from pydicom.dataset import Dataset

from braintumor.enums import NON_MR_MODALITIES, SkipReason
from braintumor.imaging.dicom.allowed_tags import describe_contrast
from braintumor.imaging.dicom.frames import file_orientation, frame_types, parse_frames, round_orientation
from braintumor.imaging.dicom.image_types import is_secondary_capture, parse_role
from braintumor.imaging.dicom.metadata import DicomMetadata
from braintumor.imaging.dicom.mosaic import MOSAIC_ROLE, MosaicLayout, split_frames
from braintumor.imaging.dicom.values import get_floats, get_int, get_text, get_value, get_words, hash_uid
from braintumor.imaging.hanging import name_plane
from braintumor.imaging.windowing import HOUNSFIELD

_MR_SOP_CLASS: Final = "1.2.840.10008.5.1.4.1.1.4"


def parse_metadata(
    dataset: Dataset,
    salt: bytes,
    max_frames: int,
    assumed_attributes: Sequence[str] = (),
    mosaic: MosaicLayout | None = None,
) -> DicomMetadata:
    """Return the metadata of a file, with the identifiers of study and series hashed with the salt.

    A file with too many frames gets `max_frames + 1` of them, so that the caller can reject it.

    Parameters
    ----------
    assumed_attributes : sequence of str
        Attributes that `fill_missing_attributes` added to the dataset.
    mosaic : MosaicLayout, optional
        Tiles of a mosaic, each of which becomes a frame.

    Raises
    ------
    ValueError
        The image size is missing or invalid.
    """
    rows, columns = get_int(dataset, "Rows"), get_int(dataset, "Columns")
    if not rows or not columns or min(rows, columns) < 0:
        raise ValueError("no size")
    photometric = get_text(dataset, "PhotometricInterpretation")
    orientation = file_orientation(dataset)
    description = f"{get_text(dataset, 'SeriesDescription')} {get_text(dataset, 'AcquisitionContrast')}"
    frames = parse_frames(dataset, max_frames + 1)
    return DicomMetadata(
        rows=rows // mosaic.side if mosaic else rows,
        columns=columns // mosaic.side if mosaic else columns,
        is_color=(get_int(dataset, "SamplesPerPixel") or 1) > 1 or photometric.startswith("PALETTE"),
        is_inverted=_is_inverted(photometric, get_text(dataset, "PresentationLUTShape")),
        bits=get_int(dataset, "BitsStored") or 16,
        frames=split_frames(dataset, frames, mosaic)[: max_frames + 1] if mosaic else frames,
        series_key=hash_uid(get_text(dataset, "SeriesInstanceUID"), salt),
        study_key=hash_uid(get_text(dataset, "StudyInstanceUID"), salt),
        series_number=get_int(dataset, "SeriesNumber"),
        instance_number=get_int(dataset, "InstanceNumber"),
        contrast_words=tuple(describe_contrast(description)),
        plane=name_plane(orientation),
        orientation=round_orientation(orientation),
        modality=_parse_modality(dataset),
        burned_in=_parse_burned_in(dataset),
        role=_parse_role(dataset) or (MOSAIC_ROLE if mosaic else ""),
        mosaic_count=mosaic.count if mosaic else None,
        padding=_parse_padding(dataset),
        assumed_attributes=tuple(assumed_attributes),
        frame_key=hash_uid(get_text(dataset, "FrameOfReferenceUID"), salt),
        unit=_parse_unit(dataset),
    )


def _is_inverted(photometric: str, shape: str) -> bool:
    """Whether low values are bright.

    MONOCHROME1 and INVERSE state one and the same inversion where both are present: INVERSE "shall be used if
    Photometric Interpretation (0028,0004) is MONOCHROME1" (PS3.3 C.8.11.3, the only module of images that defines it).
    """
    return photometric == "MONOCHROME1" or (photometric == "MONOCHROME2" and shape.upper() == "INVERSE")


def _parse_role(dataset: Dataset) -> str:
    """Return the role of a file; of a multi-frame one, a role that its image type or all its frame types state."""
    sop_class = get_text(dataset, "SOPClassUID")
    descriptions = get_text(dataset, "SeriesDescription"), get_text(dataset, "AcquisitionContrast")
    role = parse_role(get_words(dataset, "ImageType"), sop_class, descriptions)
    frame_roles = {parse_role(words, sop_class, ()) for words in frame_types(dataset)}
    if role == SkipReason.DERIVED_MAP and "" in frame_roles:  # originals and maps: the frames state which is which
        return ""
    return role or (frame_roles.pop() if len(frame_roles) == 1 else "")


def _parse_padding(dataset: Dataset) -> tuple[float, float] | None:
    """Return the range of stored values that mean "no data" (PS3.3 C.7.5.1.1.2)."""
    for prefix in ("", "Float", "DoubleFloat"):
        first = _stored_value(dataset, f"{prefix}PixelPaddingValue")
        if first is not None:
            last = _stored_value(dataset, f"{prefix}PixelPaddingRangeLimit")
            last = first if last is None else last
            return min(first, last), max(first, last)
    return None


def _stored_value(dataset: Dataset, keyword: str) -> float | None:
    """Return a value with the signedness of the pixels: some programs write -2000 as 63536, or the other way round."""
    value = get_value(dataset, keyword)
    is_signed = get_int(dataset, "PixelRepresentation") == 1
    if isinstance(value, bytes) and len(value) >= 2:
        value = int.from_bytes(value[:2], "little" if dataset.original_encoding[1] is not False else "big")
    elif not (numbers := get_floats(dataset, keyword)):
        return None
    else:
        value = numbers[0]
    if keyword.startswith("Pixel"):
        span = 2.0 ** (get_int(dataset, "BitsAllocated") or 16)
        if is_signed and value >= span / 2:
            return value - span
        if not is_signed and value < 0:
            return value + span
    return float(value)


def _parse_modality(dataset: Dataset) -> str:
    modality, sop_class = get_text(dataset, "Modality"), get_text(dataset, "SOPClassUID")
    if sop_class == _MR_SOP_CLASS or sop_class.startswith(f"{_MR_SOP_CLASS}."):
        return "MR"
    return modality if modality in ("", "MR", *NON_MR_MODALITIES) else "OT"


def _parse_unit(dataset: Dataset) -> str:
    """Return the unit of rescaled values; those of CT are Hounsfield units unless the file says otherwise."""
    stated = get_text(dataset, "RescaleType").upper()
    is_hounsfield = stated == HOUNSFIELD or (not stated and get_text(dataset, "Modality") == "CT")
    return HOUNSFIELD if is_hounsfield else ""


def _parse_burned_in(dataset: Dataset) -> str:
    annotation = get_text(dataset, "BurnedInAnnotation").upper()
    if annotation in ("YES", "NO"):
        return annotation.lower()
    is_capture = is_secondary_capture(get_text(dataset, "SOPClassUID")) or get_text(dataset, "ConversionType")
    return "maybe" if is_capture else "no"
