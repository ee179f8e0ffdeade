"""NIfTI volumes whose values tell the direction, and changes to the bytes of their headers."""

import struct
from pathlib import Path

import nibabel
import numpy as np

SHAPE = (40, 48, 36)
# Inputs on which reading went wrong once; they lie outside the repository, and only some machines have them.
CASES = Path(__file__).resolve().parents[4] / "shared" / "cases"


def make_voxels() -> np.ndarray:
    """Make voxels whose values increase to the right, more to the front, and most to the top."""
    right, front, top = np.meshgrid(*(np.arange(size) for size in SHAPE), indexing="ij")
    values = (right + 100 * front + 10_000 * top).astype(np.float32)
    values[0] = values[-1] = 0
    return values


def make_volume(values=None, affine=None, image_class=nibabel.Nifti1Image) -> bytes:
    return image_class(make_voxels() if values is None else values, np.eye(4) if affine is None else affine).to_bytes()


def set_fields(content: bytes, **fields) -> bytes:
    """Return a little-endian NIfTI-1 file with other values in fields of its header, such as `qform_code=0`."""
    types = np.dtype(nibabel.Nifti1Header.template_dtype).newbyteorder("<")
    changed = bytearray(content)
    for name, value in fields.items():
        field_type, offset = types.fields[name][:2]
        data = np.array(value, field_type.base).tobytes()
        changed[offset : offset + len(data)] = data
    return bytes(changed)


def split_volume(content: bytes) -> tuple[bytes, bytes]:
    """Return the header and the voxels of a little-endian NIfTI file as the two files of a pair."""
    is_version_2 = content[4:8] == b"n+2\0"
    size, magic, position, field = (540, 4, 168, "<q") if is_version_2 else (348, 344, 108, "<f")
    header = bytearray(content[:size])
    start = int(struct.unpack_from(field, header, position)[0])
    struct.pack_into(field, header, position, 0)
    header[magic : magic + 3] = b"ni2" if is_version_2 else b"ni1"
    return bytes(header), content[start:]
