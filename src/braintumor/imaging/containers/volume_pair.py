"""NIfTI and Analyze volumes in two files, a header (.hdr) and the voxels (.img), joined to one NIfTI file."""

import math
import struct
import zlib
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from braintumor.errors import ScanError
from braintumor.imaging.containers.gzip_content import GZIP_SIGNATURE, decompress_gzip
from braintumor.imaging.containers.nifti_header import HEADER_BYTES, NIFTI1_BYTES, NIFTI2_BYTES, is_nifti2
from braintumor.imaging.file_bytes import too_large_message
from braintumor.imaging.file_format import (
    PAIR_HEADER_SUFFIXES,
    PAIR_IMAGE_SUFFIXES,
    PAIR_SUFFIXES,
    FileFormat,
    detect_format,
    is_pair_header,
)
from braintumor.settings import Settings

# The voxels of a joined file start here: four bytes after the header, which say that no extensions follow.
_EXTENSION_BYTES: Final = 4


class PairHalf(NamedTuple):
    """What the name of a half says: the name without its suffix, whether it is the header, and the other's name."""

    stem: str
    is_header: bool
    other_name: str


def parse_pair_name(name: str) -> PairHalf | None:
    """Return what a file name says about a pair, or None if it has none of the suffixes.

    The other half is expected in the same folder. Upper and lower case are the same, as `BRAIN.HDR` and `brain.img`.
    """
    lower = name.lower()
    suffix = next((suffix for suffix in PAIR_SUFFIXES if lower.endswith(suffix)), None)
    if suffix is None:
        return None
    stem, is_header = name[: -len(suffix)], suffix in PAIR_HEADER_SUFFIXES
    other = (PAIR_IMAGE_SUFFIXES if is_header else PAIR_HEADER_SUFFIXES)[0]
    return PairHalf(stem.casefold(), is_header, stem.replace("\\", "/").rpartition("/")[2] + other)


def read_lone_half(read: Callable[[], bytes], name: str) -> bytes:
    """Return the content of a file whose other half is missing, if it is complete by itself, such as a DICOM file.

    Raises
    ------
    ScanError
        The file cannot be read, or is half of a volume.
    """
    data = read()
    half = parse_pair_name(name)
    content = decompress_gzip_or_none(data) if data.startswith(GZIP_SIGNATURE) else data
    is_half = content is not None and is_pair_header(content, name)
    if half is None or (not is_half and detect_format(data, name) not in (FileFormat.UNKNOWN, FileFormat.ARCHIVE)):
        return data
    if not is_half and half.is_header:
        return data  # another format with this suffix, such as a photograph with a high dynamic range
    what = "header" if half.is_header else "voxels"
    raise ScanError(
        f"{name}: this is one half of a volume, its {what}, and {half.other_name} is missing or damaged. "
        "Read both files together, or save the volume as one .nii file."
    )


def decompress_gzip_or_none(data: bytes) -> bytes | None:
    """Return the start of gzip content, or None if it is damaged."""
    try:
        return decompress_gzip(data, HEADER_BYTES)
    except zlib.error:
        return None


def read_pair_header(read: Callable[[], bytes], name: str) -> bytes | None:
    """Return the uncompressed header of a pair, or None if the file cannot be read or is none."""
    try:
        data = read()
    except ScanError:
        return None
    content = decompress_gzip_or_none(data) if data.startswith(GZIP_SIGNATURE) else data
    return content[:NIFTI2_BYTES] if content is not None and is_pair_header(content, name) else None


def join_pair(header: bytes, voxels: bytes, name: str, settings: Settings) -> bytes:
    """Return a single NIfTI file with the header and the voxels of a pair.

    Parameters
    ----------
    header : bytes
        As returned by `read_pair_header`.
    voxels : bytes
        Content of the other half, compressed or not.

    Raises
    ------
    ScanError
        The header is invalid, or the volume too large. Missing voxels are noticed when the volume is read.
    """
    try:
        start, parsed = _parse_header(header)
        size = start + math.prod(parsed.get_data_shape()) * parsed.get_data_dtype().itemsize
        if size > settings.max_volume_bytes:
            raise ScanError(too_large_message(name, settings.max_volume_bytes, "volume"))
        content = decompress_gzip(voxels, size) if voxels.startswith(GZIP_SIGNATURE) else voxels
    except ScanError:
        raise
    except Exception as error:  # header errors of many kinds
        raise ScanError(f"{name}: the volume is truncated or damaged. Export or copy it again.") from error
    if header[344:348] == b"ni1\0" or is_nifti2(header):
        return _single_file_header(header) + content[start:]
    return _from_analyze(parsed, content[start:size])


def _parse_header(header: bytes) -> tuple[int, Any]:
    """Return the position of the first voxel in its file, and the header."""
    import nibabel  # slow to import, and few files need it

    parsed: Any
    if is_nifti2(header):
        parsed = nibabel.nifti2.Nifti2PairHeader(header[:NIFTI2_BYTES], check=False)
    elif header[344:348] == b"ni1\0":
        parsed = nibabel.nifti1.Nifti1PairHeader(header[:NIFTI1_BYTES], check=False)
    else:
        # SPM stores the intensity scaling in a field that plain Analyze leaves zero.
        parsed = nibabel.spm99analyze.Spm99AnalyzeHeader(header[:NIFTI1_BYTES], check=False)
    offset = float(parsed["vox_offset"])
    return int(offset) if math.isfinite(offset) and offset > 0 else 0, parsed


def _single_file_header(header: bytes) -> bytes:
    """Return the header as that of a single file, in which the voxels follow."""
    is_version_2 = is_nifti2(header)
    size = NIFTI2_BYTES if is_version_2 else NIFTI1_BYTES
    single = bytearray(header[:size])
    is_little = single[:4] == struct.pack("<i", size)
    field, position = ("q", 168) if is_version_2 else ("f", 108)
    struct.pack_into(("<" if is_little else ">") + field, single, position, size + _EXTENSION_BYTES)
    magic = 4 if is_version_2 else 344
    single[magic : magic + 3] = b"n+2" if is_version_2 else b"n+1"
    return bytes(single) + bytes(_EXTENSION_BYTES)


def _from_analyze(header: Any, content: bytes) -> bytes:
    """Return an Analyze volume as NIfTI without orientation, which Analyze does not state.

    By its custom the first axis runs from the patient's right to the left, so it is reversed to run to the right.
    """
    import nibabel

    shape, dtype = header.get_data_shape(), header.get_data_dtype()
    stored = np.frombuffer(content, dtype, math.prod(shape)).reshape(shape, order="F")[::-1]
    nifti = nibabel.Nifti1Header(endianness=header.endianness)
    nifti.set_data_dtype(dtype)
    nifti.set_data_shape(shape)
    nifti["pixdim"][1:4] = header["pixdim"][1:4]
    slope = float(header["scl_slope"])
    nifti["scl_slope"] = slope if math.isfinite(slope) else 0
    nifti["vox_offset"] = NIFTI1_BYTES + _EXTENSION_BYTES
    nifti["magic"] = b"n+1"
    return bytes(nifti.binaryblock) + bytes(_EXTENSION_BYTES) + stored.tobytes(order="F")
