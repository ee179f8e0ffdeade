"""One frame of a DICOM dataset -> grey numbers as they are stored: colour becomes luma, nothing is windowed yet."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

_GRAY_PHOTOMETRICS: Final = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
_COLOR_PHOTOMETRICS: Final = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")


def decode_frame(dataset: Dataset, index: int) -> NDArray[Any]:
    """Numbers of a frame, shape (rows, columns): uint8, or float32 for all else.

    Raises
    ------
    NotImplementedError
        No decoder for its transfer syntax is there.
    Exception
        Anything else the decoders say of damaged data.
    """
    decoder = get_decoder(_transfer_syntax(dataset))
    if not decoder.is_available:
        raise NotImplementedError
    found, _ = decoder.as_array(dataset, index=index)
    bits = int(dataset.get("BitsStored") or 8 * found.dtype.itemsize)
    if dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
        found = apply_color_lut(found, dataset)
        bits = 8 * found.dtype.itemsize
    grey = _to_luma(found, bits) if found.ndim == 3 else found
    return grey if grey.dtype == np.uint8 else grey.astype(np.float32)


def _transfer_syntax(dataset: Dataset) -> UID:
    """The transfer syntax a file names, or the one it was found to be written in."""
    named = getattr(dataset, "file_meta", None) and dataset.file_meta.get("TransferSyntaxUID")
    if named:
        return UID(named)
    is_implicit, is_little = dataset.original_encoding
    if is_implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRBigEndian if is_little is False else ExplicitVRLittleEndian


def _to_luma(colors: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Eight bits of luma are all that colours are worth: they are drawn over a slice, or of a slice of eight."""
    if colors.dtype != np.uint8:
        colors = (colors.astype(np.float32) * (255.0 / (2.0**bits - 1.0))).clip(0.0, 255.0).astype(np.uint8)
    return np.asarray(Image.fromarray(np.ascontiguousarray(colors[..., :3])).convert("L"))


def has_supported_layout(dataset: Dataset) -> bool:
    """Whether pixels are stored as one grey, or three colours that can be turned into one."""
    photometric, samples = str(dataset.get("PhotometricInterpretation", "")), dataset.get("SamplesPerPixel", 1)
    return photometric in (_GRAY_PHOTOMETRICS if samples == 1 else _COLOR_PHOTOMETRICS)
