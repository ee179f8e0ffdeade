"""Small DICOM files made from arrays; every tag can be set, or removed with None."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

UID_ROOT = "1.2.826.0.1.3680043.8.498."


def make_dataset(pixels: NDArray[Any], **tags: Any) -> Dataset:
    """Make an MR slice (rows, columns), slices (frames, rows, columns) or a colour image (rows, columns, 3)."""
    is_color = pixels.ndim > 2 and pixels.shape[-1] == 3
    frames = 1 if pixels.ndim == 2 or is_color else len(pixels)
    rows, columns = pixels.shape[-3:-1] if is_color else pixels.shape[-2:]
    bits = 8 * pixels.dtype.itemsize
    defaults = {
        "SOPClassUID": MRImageStorage, "SOPInstanceUID": f"{UID_ROOT}1", "SeriesInstanceUID": f"{UID_ROOT}2",
        "Modality": "MR", "Rows": rows, "Columns": columns, "SamplesPerPixel": 3 if is_color else 1,
        "PhotometricInterpretation": "RGB" if is_color else "MONOCHROME2",
        "PlanarConfiguration": 0 if is_color else None, "NumberOfFrames": frames if frames > 1 else None,
        "BitsAllocated": bits, "BitsStored": bits, "HighBit": bits - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
    }  # fmt: skip
    dataset = Dataset()
    for keyword, value in {**defaults, **tags}.items():
        if value is not None:
            setattr(dataset, keyword, value)
    if "PixelData" not in tags:
        dataset.PixelData = np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("<"))).tobytes()
        dataset["PixelData"].VR = "OB" if bits == 8 else "OW"
    return dataset


def make_dicom(
    pixels: NDArray[Any], syntax: str = ExplicitVRLittleEndian, preamble: bytes = b"\0" * 128, **tags: Any
) -> bytes:
    """Make the content of a DICOM file."""
    return encode_dataset(make_dataset(pixels, **tags), syntax, preamble)


def encode_dataset(dataset: Dataset, syntax: str = ExplicitVRLittleEndian, preamble: bytes = b"\0" * 128) -> bytes:
    """Encode a dataset as the content of a file; an empty preamble leaves out the `DICM` prefix too."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", MRImageStorage)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", f"{UID_ROOT}1")
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.preamble = b"\0" * 128
    content = io.BytesIO()
    dataset.save_as(content, enforce_file_format=True)
    return preamble + content.getvalue()[128 if preamble else 132 :]


def encode_compressed(dataset: Dataset, syntax: str, streams: list[bytes]) -> bytes:
    """Encode a dataset whose pixel data is a list of compressed frames."""
    dataset.PixelData = encapsulate(streams)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return encode_dataset(dataset, syntax)


def make_sequence(**tags: Any) -> Sequence:
    """Make a sequence with one item."""
    item = Dataset()
    for keyword, value in tags.items():
        setattr(item, keyword, value)
    return Sequence([item])
