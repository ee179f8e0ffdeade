"""Writes small DICOM files from arrays, for tests; every tag can be given, or taken away with None."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

ROOT = "1.2.826.0.1.3680043.8.498."


def dataset(pixels: NDArray[Any], **tags: Any) -> Dataset:
    """An MR slice (rows, columns), slices (frames, rows, columns) or colours (rows, columns, 3)."""
    found = Dataset()
    frames = 1 if pixels.ndim == 2 or pixels.shape[-1] == 3 else len(pixels)
    rows, columns = pixels.shape[-2:] if pixels.shape[-1] != 3 else pixels.shape[-3:-1]
    bits = 8 * pixels.dtype.itemsize
    told = {
        "SOPClassUID": MRImageStorage, "SOPInstanceUID": f"{ROOT}1", "SeriesInstanceUID": f"{ROOT}2", "Modality": "MR",
        "Rows": rows, "Columns": columns, "SamplesPerPixel": 3 if pixels.shape[-1] == 3 else 1,
        "PhotometricInterpretation": "RGB" if pixels.shape[-1] == 3 else "MONOCHROME2",
        "PlanarConfiguration": 0 if pixels.shape[-1] == 3 else None, "NumberOfFrames": frames if frames > 1 else None,
        "BitsAllocated": bits, "BitsStored": bits, "HighBit": bits - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
    }  # fmt: skip
    for keyword, value in {**told, **tags}.items():
        if value is not None:
            setattr(found, keyword, value)
    if "PixelData" not in tags:
        found.PixelData = np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("<"))).tobytes()
        found["PixelData"].VR = "OB" if bits == 8 else "OW"
    return found


def dicom(
    pixels: NDArray[Any], syntax: str = ExplicitVRLittleEndian, preamble: bytes = b"\0" * 128, **tags: Any
) -> bytes:
    """The same as the content of a file."""
    return encoded(dataset(pixels, **tags), syntax, preamble)


def encoded(data: Dataset, syntax: str = ExplicitVRLittleEndian, preamble: bytes = b"\0" * 128) -> bytes:
    """A dataset as the content of a file; without a preamble where that is empty."""
    data.file_meta = FileMetaDataset()
    data.file_meta.MediaStorageSOPClassUID = data.get("SOPClassUID", MRImageStorage)
    data.file_meta.MediaStorageSOPInstanceUID = data.get("SOPInstanceUID", f"{ROOT}1")
    data.file_meta.TransferSyntaxUID = syntax
    data.preamble = b"\0" * 128
    content = io.BytesIO()
    data.save_as(content, enforce_file_format=True)
    return preamble + content.getvalue()[128 if preamble else 132 :]


def compressed(data: Dataset, syntax: str, streams: list[bytes]) -> bytes:
    """A dataset whose pixels are these compressed frames."""
    data.PixelData = encapsulate(streams)
    data["PixelData"].VR = "OB"
    data["PixelData"].is_undefined_length = True
    return encoded(data, syntax)


def item(**tags: Any) -> Sequence:
    """A sequence of one item."""
    inner = Dataset()
    for keyword, value in tags.items():
        setattr(inner, keyword, value)
    return Sequence([inner])
