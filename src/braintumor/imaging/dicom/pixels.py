"""Decoding of one frame of a DICOM dataset to its stored values; colour becomes luma, nothing is windowed yet."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from braintumor.imaging.dicom.missing_attributes import COLOR_PHOTOMETRICS, GRAY_PHOTOMETRICS
from braintumor.imaging.dicom.values import get_int, get_items
from braintumor.imaging.windowing import reduce_to_8_bits

# Weights of red, green and blue (ITU-R BT.601), as Pillow's.
_LUMA_WEIGHTS: Final = np.array([0.299, 0.587, 0.114])
_SUPPORTED_BITS: Final = (1, 8, 16, 32, 64)
# JPEG (.50 to .70) and JPEG-LS (.80 and .81), but not JPEG 2000 (.90 and above).
_JPEG_SYNTAXES: Final = tuple(f"1.2.840.10008.1.2.4.{first}" for first in "5678")
# Markers of the frame header: SOF0 to SOF15 without DHT, JPG and DAC, and SOF55 of JPEG-LS.
_FRAME_MARKERS: Final = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})
_MAX_HEADER_BYTES: Final = 2**16


def has_supported_layout(dataset: Dataset) -> bool:
    """Whether pixels are stored as one grey sample, or as three colour samples convertible to grey."""
    photometric, samples = str(dataset.get("PhotometricInterpretation", "")), dataset.get("SamplesPerPixel", 1)
    return photometric in (GRAY_PHOTOMETRICS if samples == 1 else COLOR_PHOTOMETRICS)


def has_supported_depth(dataset: Dataset) -> bool:
    """Whether pixels have a depth that a decoder supports.

    Pixels must have whole bytes, or single bits without compression. JPEG and JPEG-LS streams of fewer than 8 bits end
    the process (GDCM 3.2.6), so they are recognized by their header.
    """
    allocated, syntax = get_int(dataset, "BitsAllocated"), transfer_syntax(dataset)
    if allocated not in _SUPPORTED_BITS or (allocated == 1 and syntax.is_compressed):
        return False
    return not _is_jpeg(dataset) or (_stream_precision(dataset.get("PixelData") or b"") or 8) >= 8


def _is_jpeg(dataset: Dataset) -> bool:
    return transfer_syntax(dataset).startswith(_JPEG_SYNTAXES)


def _stream_precision(data: bytes) -> int | None:
    """Return the bits per sample in the header of the first JPEG or JPEG-LS stream; None if there is none."""
    start = data.find(b"\xff\xd8\xff", 0, _MAX_HEADER_BYTES)
    offset = start + 2
    while start >= 0 and offset + 5 <= min(len(data), start + _MAX_HEADER_BYTES) and data[offset] == 0xFF:
        if data[offset + 1] in _FRAME_MARKERS:
            return data[offset + 4]
        offset += 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")
    return None


def decode_frame(dataset: Dataset, index: int) -> NDArray[Any]:
    """Return the stored values of a frame, shape (rows, columns): uint8, or float32 for all other types.

    A lookup table to real values (PS3.3 C.11.1), which replaces a slope and intercept, is applied.

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
    shift = _shift_of_high_bit(dataset)
    # GDCM ends the process if JPEG streams of 8 bits are declared to have fewer.
    has_wrong_depth = _is_jpeg(dataset) and (get_int(dataset, "BitsStored") or 8) < 8
    options: dict[str, Any] = {"bits_stored": int(dataset.BitsAllocated)} if shift or has_wrong_depth else {}
    values, _ = decoder.as_array(dataset, index=index, **options)
    if shift and (values >> int(dataset.BitsStored)).any():
        values = values >> shift
    if dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
        values = _reduce_palette(apply_color_lut(values, dataset))
    gray = _to_luma(values) if values.ndim == 3 else values
    if gray.dtype.kind in "iu" and get_items(dataset, "ModalityLUTSequence") and "RescaleSlope" not in dataset:
        gray = apply_modality_lut(gray, dataset)
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
