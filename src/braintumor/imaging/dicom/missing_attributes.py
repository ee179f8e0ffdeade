"""Values for required attributes that a DICOM file lacks, where the rest of the file leaves only one sensible value."""

from typing import Final

import numpy as np
from pydicom.dataset import Dataset

from braintumor.imaging.dicom.values import get_int, get_text

GRAY_PHOTOMETRICS: Final = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
COLOR_PHOTOMETRICS: Final = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
# Photometric interpretation that each compression writes for colour, where it is not RGB (PS3.5 8.2).
_COMPRESSED_COLORS: Final = {
    "1.2.840.10008.1.2.4.50": "YBR_FULL_422",
    "1.2.840.10008.1.2.4.51": "YBR_FULL_422",
    "1.2.840.10008.1.2.4.90": "YBR_RCT",
    "1.2.840.10008.1.2.4.91": "YBR_ICT",
}
# Bits of a pixel to samples and bits of a sample.
_LAYOUT_OF_PIXEL_BITS: Final = {8: (1, 8), 16: (1, 16), 24: (3, 8), 32: (1, 32), 48: (3, 16)}
_FLOAT_BITS: Final = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}
# Values are signed if that makes their range smaller than this share of their unsigned range: -5 and 5 are 10 apart as
# signed, and 65,526 as unsigned numbers.
_SIGNED_RANGE_SHARE: Final = 0.5


class AttributeProblem(Exception):  # noqa: N818 - a regular answer, not a failure of the parsing process
    """A required attribute without a sensible default: `missing:Rows`, or `invalid:Rows`."""


def fill_missing_attributes(dataset: Dataset) -> tuple[str, ...]:
    """Add required attributes of the pixel data that are absent or empty, and return their keywords.

    BitsAllocated and SamplesPerPixel follow from the number of bytes of uncompressed pixels; BitsStored, HighBit and
    PhotometricInterpretation from those; PixelRepresentation from the pixels.

    Raises
    ------
    AttributeProblem
        An attribute without a default is missing, or no number.
    """
    for keyword in ("Rows", "Columns"):
        if (get_int(dataset, keyword) or 0) <= 0:
            raise AttributeProblem(f"{'invalid' if get_text(dataset, keyword) else 'missing'}:{keyword}")
    float_bits = next((bits for keyword, bits in _FLOAT_BITS.items() if keyword in dataset), None)
    assumed = _fill_layout(dataset, float_bits)
    allocated = get_int(dataset, "BitsAllocated") or 0
    if float_bits is None:
        high_bit = get_int(dataset, "HighBit")
        if not get_int(dataset, "BitsStored"):
            dataset.BitsStored = high_bit + 1 if high_bit is not None and 0 < high_bit < allocated else allocated
            assumed.append("BitsStored")
        if high_bit is None:
            dataset.HighBit = dataset.BitsStored - 1
            assumed.append("HighBit")
        if get_int(dataset, "PixelRepresentation") is None:
            dataset.PixelRepresentation = int(_has_signed_hint(dataset) or _is_signed(dataset, allocated))
            assumed.append("PixelRepresentation")
    if (get_int(dataset, "SamplesPerPixel") or 1) > 1 and get_int(dataset, "PlanarConfiguration") is None:
        dataset.PlanarConfiguration = 0
        assumed.append("PlanarConfiguration")
    return tuple(assumed)


def _fill_layout(dataset: Dataset, float_bits: int | None) -> list[str]:
    """Add the number of samples, their bits, and what they mean."""
    photometric = get_text(dataset, "PhotometricInterpretation")
    samples, allocated = get_int(dataset, "SamplesPerPixel"), get_int(dataset, "BitsAllocated") or float_bits
    assumed = []
    pixel_bits = _bits_per_pixel(dataset)
    if not allocated:
        allocated = _assume_bits_allocated(dataset, samples, photometric, pixel_bits)
    if not get_int(dataset, "BitsAllocated"):
        dataset.BitsAllocated = allocated
        assumed.append("BitsAllocated")
    if not samples:
        is_color = photometric in COLOR_PHOTOMETRICS or (not photometric and pixel_bits == 3 * allocated)
        samples = dataset.SamplesPerPixel = 3 if is_color else 1
        assumed.append("SamplesPerPixel")
    if not photometric:
        dataset.PhotometricInterpretation = _assume_photometric(dataset, samples)
        assumed.append("PhotometricInterpretation")
    return assumed


def _bits_per_pixel(dataset: Dataset) -> int | None:
    """Return the bits of each uncompressed pixel, all samples together; None for compressed pixels."""
    if _is_compressed(dataset) or "PixelData" not in dataset:
        return None
    count = max(1, get_int(dataset, "NumberOfFrames") or 1) * dataset.Rows * dataset.Columns
    return 8 * len(dataset.PixelData or b"") // count


def _assume_bits_allocated(dataset: Dataset, samples: int | None, photometric: str, pixel_bits: int | None) -> int:
    stored = get_int(dataset, "BitsStored")
    if pixel_bits is not None:
        samples = samples or (3 if photometric in COLOR_PHOTOMETRICS else 1 if photometric else None)
        bits = pixel_bits // samples if samples else _LAYOUT_OF_PIXEL_BITS.get(pixel_bits, (0, 0))[1]
        if bits in (8, 16, 32) and bits >= (stored or 0):
            return bits
    elif stored and stored <= 16:
        return 8 if stored <= 8 else 16
    raise AttributeProblem("missing:BitsAllocated")


def _assume_photometric(dataset: Dataset, samples: int) -> str:
    if samples == 1:
        return "PALETTE COLOR" if "RedPaletteColorLookupTableDescriptor" in dataset else "MONOCHROME2"
    return _COMPRESSED_COLORS.get(_transfer_syntax(dataset), "RGB")


def _has_signed_hint(dataset: Dataset) -> bool:
    """Whether a value with the type of the pixels is stored as a signed number."""
    elements = (dataset.get_item(keyword) for keyword in ("SmallestImagePixelValue", "PixelPaddingValue"))
    return any(element is not None and element.VR == "SS" for element in elements)


def _is_signed(dataset: Dataset, allocated: int) -> bool:
    """Whether uncompressed pixels have a much smaller range as signed numbers; the usual value is unsigned."""
    if allocated != 16 or _is_compressed(dataset) or "PixelData" not in dataset:
        return False
    order = ">" if dataset.original_encoding[1] is False else "<"
    data = dataset.PixelData or b""
    unsigned = np.frombuffer(data, f"{order}u2", len(data) // 2)
    if not unsigned.size:
        return False
    signed = unsigned.view(f"{order}i2")
    ranges = (float(values.max()) - float(values.min()) for values in (signed, unsigned))
    signed_range, unsigned_range = ranges
    return signed_range < _SIGNED_RANGE_SHARE * unsigned_range


def _is_compressed(dataset: Dataset) -> bool:
    element = dataset.get_item("PixelData")
    value = getattr(element, "value", None)
    syntax = _transfer_syntax(dataset)
    if syntax:
        return syntax.startswith("1.2.840.10008.1.2.4") or syntax == "1.2.840.10008.1.2.5"
    return isinstance(value, bytes) and value.startswith(b"\xfe\xff\x00\xe0")


def _transfer_syntax(dataset: Dataset) -> str:
    meta = getattr(dataset, "file_meta", None)
    return str(meta.get("TransferSyntaxUID", "")) if meta else ""
