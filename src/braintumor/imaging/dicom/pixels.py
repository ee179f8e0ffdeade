"""Decoding of one frame of a DICOM dataset to its stored values; colour becomes luma, nothing is windowed yet."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from braintumor.imaging.windowing import reduce_to_8_bits

_GRAY_PHOTOMETRICS: Final = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
_COLOR_PHOTOMETRICS: Final = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")


def has_supported_layout(dataset: Dataset) -> bool:
    """Whether pixels are stored as one grey sample, or as three colour samples convertible to grey."""
    photometric, samples = str(dataset.get("PhotometricInterpretation", "")), dataset.get("SamplesPerPixel", 1)
    return photometric in (_GRAY_PHOTOMETRICS if samples == 1 else _COLOR_PHOTOMETRICS)


def decode_frame(dataset: Dataset, index: int) -> NDArray[Any]:
    """Return the stored values of a frame, shape (rows, columns): uint8, or float32 for all other types.

    Raises
    ------
    NotImplementedError
        No decoder is available for the transfer syntax.
    Exception
        Any other error of a decoder on damaged data.
    """
    decoder = get_decoder(_transfer_syntax(dataset))
    if not decoder.is_available:
        raise NotImplementedError
    values, _ = decoder.as_array(dataset, index=index)
    bits = int(dataset.get("BitsStored") or 8 * values.dtype.itemsize)
    if dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
        values = apply_color_lut(values, dataset)
        bits = 8 * values.dtype.itemsize
    gray = _to_luma(values, bits) if values.ndim == 3 else values
    return gray if gray.dtype == np.uint8 else gray.astype(np.float32)


def _transfer_syntax(dataset: Dataset) -> UID:
    """Return the declared transfer syntax, or the encoding that pydicom detected."""
    declared = getattr(dataset, "file_meta", None) and dataset.file_meta.get("TransferSyntaxUID")
    if declared:
        return UID(declared)
    is_implicit, is_little = dataset.original_encoding
    if is_implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRBigEndian if is_little is False else ExplicitVRLittleEndian


def _to_luma(colors: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Convert colours to 8-bit luma: colour is either an overlay on a slice or a rendering of an 8-bit one."""
    if colors.dtype != np.uint8:
        colors = reduce_to_8_bits(colors, bits)
    return np.asarray(Image.fromarray(np.ascontiguousarray(colors[..., :3])).convert("L"))
