"""Decoding of one frame of a DICOM dataset to its stored values; colour becomes luma, nothing is windowed yet."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from braintumor.imaging.dicom.missing_attributes import COLOR_PHOTOMETRICS, GRAY_PHOTOMETRICS
from braintumor.imaging.dicom.values import get_int
from braintumor.imaging.windowing import reduce_to_8_bits

# Weights of red, green and blue (ITU-R BT.601), as Pillow's.
_LUMA_WEIGHTS: Final = np.array([0.299, 0.587, 0.114])
_SUPPORTED_BITS: Final = (1, 8, 16, 32, 64)


def has_supported_layout(dataset: Dataset) -> bool:
    """Whether pixels are stored as one grey sample, or as three colour samples convertible to grey."""
    photometric, samples = str(dataset.get("PhotometricInterpretation", "")), dataset.get("SamplesPerPixel", 1)
    return photometric in (GRAY_PHOTOMETRICS if samples == 1 else COLOR_PHOTOMETRICS)


def has_supported_depth(dataset: Dataset) -> bool:
    """Whether pixels have whole bytes; single bits are supported without compression."""
    allocated = get_int(dataset, "BitsAllocated")
    return allocated in _SUPPORTED_BITS and not (allocated == 1 and transfer_syntax(dataset).is_compressed)


def decode_frame(dataset: Dataset, index: int) -> NDArray[Any]:
    """Return the stored values of a frame, shape (rows, columns): uint8, or float32 for all other types.

    Raises
    ------
    NotImplementedError
        No decoder is available for the transfer syntax.
    Exception
        Any other error of a decoder on damaged data.
    """
    decoder = get_decoder(transfer_syntax(dataset))
    if not decoder.is_available:
        raise NotImplementedError
    if shift := _shift_of_high_bit(dataset):
        values, _ = decoder.as_array(dataset, index=index, bits_stored=int(dataset.BitsAllocated))
        values = values >> shift if (values >> int(dataset.BitsStored)).any() else values
    else:
        values, _ = decoder.as_array(dataset, index=index)
    if dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
        values = _reduce_palette(apply_color_lut(values, dataset))
    gray = _to_luma(values) if values.ndim == 3 else values
    return gray if gray.dtype == np.uint8 else gray.astype(np.float32)


def transfer_syntax(dataset: Dataset) -> UID:
    """Return the declared transfer syntax, or the encoding that pydicom detected."""
    declared = getattr(dataset, "file_meta", None) and dataset.file_meta.get("TransferSyntaxUID")
    if declared:
        return UID(declared)
    is_implicit, is_little = dataset.original_encoding
    if is_implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRBigEndian if is_little is False else ExplicitVRLittleEndian


def _shift_of_high_bit(dataset: Dataset) -> int:
    """Return by how many bits the values are stored above the lowest bit (retired from the standard; pydicom: none)."""
    stored, high_bit, allocated = (get_int(dataset, tag) or 0 for tag in ("BitsStored", "HighBit", "BitsAllocated"))
    if transfer_syntax(dataset).is_compressed or not 0 < stored <= high_bit < allocated <= 16:
        return 0
    return high_bit + 1 - stored


def _reduce_palette(colors: NDArray[Any]) -> NDArray[np.uint8]:
    """Reduce the colours of a palette, a rendering with 8 bits; some programs store them in the low byte of 16."""
    if colors.dtype == np.uint8:
        return colors
    bits = next((bits for bits in (8, 12) if colors.max() < 2**bits), 8 * colors.dtype.itemsize)
    return reduce_to_8_bits(colors, bits)


def _to_luma(colors: NDArray[Any]) -> NDArray[Any]:
    """Convert colours to luma of the same depth: uint8 to uint8, and more bits to float32."""
    if colors.dtype == np.uint8:
        return np.asarray(Image.fromarray(np.ascontiguousarray(colors[..., :3])).convert("L"))
    return (colors[..., :3].astype(np.float64) @ _LUMA_WEIGHTS).astype(np.float32)
