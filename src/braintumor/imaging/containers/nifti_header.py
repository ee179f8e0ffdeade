"""Header of a NIfTI-1 or NIfTI-2 volume, read with defaults where a field is missing or invalid."""

import logging
import math
import struct
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# Size of the header of either version.
NIFTI1_BYTES: Final = 348
NIFTI2_BYTES: Final = 540
# More than the header of either version.
HEADER_BYTES: Final = 1024
_MM_PER_UNIT: Final = {"meter": 1000.0, "micron": 0.001}
_MAX_DIMENSIONS: Final = 7
# Vector part of a rotation quaternion: its length is at most 1, apart from rounding by the program that wrote it.
_MAX_QUATERNION_LENGTH: Final = 1.005
# Smallest volume of a voxel relative to that of a box with its edges; below, its axes lie in one plane.
_MIN_INDEPENDENCE: Final = 1e-3
UNKNOWN_ORIENTATION_WARNING: Final = (
    "The file does not state a valid orientation, so the volume was read in its stored order. "
    "Its sides may be swapped or turned."
)
_SFORM_WARNING: Final = "The file's orientation matrix (sform) is invalid, so its quaternion (qform) was used."
_INTERCEPT_WARNING: Final = "The file's intensity scaling is invalid (scl_inter is not a number); 0 was used."
_SLOPE_WARNING: Final = "The file's intensity scaling is invalid (scl_slope is not a number) and was ignored."
_SPACING_WARNING: Final = (
    "The file states no valid voxel sizes. Cubic voxels were assumed, and lengths and volumes are not measured."
)


@dataclass(frozen=True, slots=True)
class NiftiHeader:
    """Layout and meaning of the voxels.

    Attributes
    ----------
    shape : tuple of int
        At least three sizes: columns, rows, slices, then time points and others.
    dtype : dtype
        Of the stored voxels, in the byte order of the file.
    offset : int
        Position of the first voxel in a single file.
    slope, intercept : float
        Stored value * slope + intercept is the value.
    voxel_sizes : (float, float, float)
        In mm along the stored axes.
    has_spacing : bool
        Whether the file states the voxel sizes. If not, they are 1 mm.
    affine : ndarray of float64, shape (4, 4)
        From stored axes to right, anterior, superior; without a usable transform, the stored axes are taken for these.
    is_oriented : bool
        Whether the affine comes from the file.
    warnings : tuple of str
        What is invalid, for the reader.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int
    slope: float
    intercept: float
    voxel_sizes: tuple[float, float, float]
    has_spacing: bool
    affine: NDArray[np.float64]
    is_oriented: bool
    warnings: tuple[str, ...]

    @property
    def time_points(self) -> int:
        """Number of volumes."""
        return math.prod(self.shape[3:])

    @property
    def data_bytes(self) -> int:
        """Size of all voxels in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize


def is_nifti2(header: bytes) -> bool:
    """Whether a header is one of NIfTI-2, of a single file or a pair."""
    return header[4:8] in (b"n+2\0", b"ni2\0")


def parse_nifti_header(content: bytes) -> NiftiHeader:
    """Parse the header at the start of a volume.

    Raises
    ------
    ValueError, struct.error
        The header is truncated, or its sizes or data type are invalid.
    """
    import nibabel  # slow to import, and few files need it

    # nibabel would log oddities of the header to standard error.
    nibabel.imageglobals.logger.setLevel(logging.CRITICAL)
    is_version_2 = is_nifti2(content)
    header_class = nibabel.Nifti2Header if is_version_2 else nibabel.Nifti1Header
    size = NIFTI2_BYTES if is_version_2 else NIFTI1_BYTES
    header = header_class(content[:size], endianness=_byte_order(content, size), check=False)
    warnings: list[str] = []
    slope, intercept = _read_scaling(header, warnings)
    affine, sizes = _read_geometry(header, warnings)
    offset = float(header["vox_offset"])
    minimum = size + 4  # four bytes say whether extensions follow
    unit = _MM_PER_UNIT.get(_spatial_unit(header), 1.0)
    x, y, z = (float(side) * unit for side in (np.ones(3) if sizes is None else sizes))
    return NiftiHeader(
        _read_shape(header),
        header.get_data_dtype(),
        int(offset) if math.isfinite(offset) and offset >= minimum else minimum,
        slope,
        intercept,
        (x, y, z),
        sizes is not None,
        np.eye(4) if affine is None else affine,
        affine is not None,
        tuple(warnings),
    )


def _byte_order(content: bytes, size: int) -> str:
    """Return the byte order by the header's first field, its own size, or by the number of dimensions."""
    if len(content) < size:
        raise ValueError("truncated header")
    if content[:4] in (struct.pack("<i", size), struct.pack(">i", size)):
        return "<" if content[:4] == struct.pack("<i", size) else ">"
    count = struct.unpack_from("<q" if size == NIFTI2_BYTES else "<h", content, 16 if size == NIFTI2_BYTES else 40)[0]
    return "<" if 1 <= count <= _MAX_DIMENSIONS else ">"


def _read_shape(header: Any) -> tuple[int, ...]:
    count = int(header["dim"][0])
    if not 2 <= count <= _MAX_DIMENSIONS:
        raise ValueError("invalid number of dimensions")
    shape = tuple(int(size) for size in header["dim"][1 : count + 1])
    if min(shape) < 1:
        raise ValueError("invalid dimensions")
    return shape if count > 2 else (*shape, 1)


def _read_scaling(header: Any, warnings: list[str]) -> tuple[float, float]:
    """Return slope and intercept; a slope of zero or NaN means, by the standard and by custom, that there are none."""
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if math.isinf(slope):
        warnings.append(_SLOPE_WARNING)
    if slope == 0 or not math.isfinite(slope):
        return 1.0, 0.0
    if not math.isfinite(intercept):
        warnings.append(_INTERCEPT_WARNING)
        return slope, 0.0
    return slope, intercept


def _spatial_unit(header: Any) -> str:
    try:
        return str(header.get_xyzt_units()[0])
    except KeyError:  # a code that the standard does not define
        return "unknown"


def _read_geometry(header: Any, warnings: list[str]) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Return the first valid transform and the voxel sizes in the unit of the file, each None if there is none."""
    sizes = np.abs(np.asarray(header["pixdim"][1:4], np.float64))
    has_sizes = bool(np.isfinite(sizes).all() and (sizes > 0).all())
    affine, is_sform = _read_affine(header, sizes if has_sizes else np.ones(3), warnings)
    if has_sizes:
        return affine, sizes
    if affine is not None and is_sform:
        return affine, np.linalg.norm(affine[:3, :3], axis=0)
    warnings.append(_SPACING_WARNING)
    return affine, None


def _read_affine(
    header: Any, sizes: NDArray[np.float64], warnings: list[str]
) -> tuple[NDArray[np.float64] | None, bool]:
    """Return the first valid transform, or None, and whether it is the sform."""
    has_sform, has_qform = int(header["sform_code"]) > 0, int(header["qform_code"]) > 0
    if has_sform and _is_valid(sform := np.asarray(header.get_sform(), np.float64)):
        return sform, True
    qform = _affine_from_quaternion(header, sizes) if has_qform else None
    if qform is None:
        warnings.append(UNKNOWN_ORIENTATION_WARNING)
    elif has_sform:
        warnings.append(_SFORM_WARNING)
    return qform, False


def _is_valid(affine: NDArray[np.float64]) -> bool:
    """Whether the three axes are finite, not zero, and independent."""
    axes = affine[:3, :3]
    if not np.isfinite(axes).all():
        return False
    with np.errstate(over="ignore", under="ignore"):
        lengths = np.linalg.norm(axes, axis=0)
        if not (np.isfinite(lengths).all() and (lengths > 0).all()):
            return False
        return abs(float(np.linalg.det(axes / lengths))) > _MIN_INDEPENDENCE


def _affine_from_quaternion(header: Any, sizes: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the qform, or None if its quaternion is no rotation. Source: nifti1.h, method 2."""
    from nibabel.quaternions import quat2mat

    vector = np.array([float(header[f"quatern_{part}"]) for part in "bcd"])
    length = float(np.linalg.norm(vector)) if np.isfinite(vector).all() else math.inf
    if length > _MAX_QUATERNION_LENGTH:
        return None
    if length > 1:
        vector, length = vector / length, 1.0
    rotation = quat2mat(np.array([math.sqrt(1 - length**2), *vector]))
    affine = np.eye(4)
    affine[:3, :3] = rotation * sizes * (1, 1, -1 if float(header["pixdim"][0]) == -1 else 1)
    return affine
