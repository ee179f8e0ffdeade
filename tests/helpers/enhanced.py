"""Enhanced multi-frame DICOM files and Siemens mosaics made from arrays."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread

from tests.helpers.dicoms import encode_dataset, make_dicom, make_sequence


def make_enhanced(frames: NDArray[Any], groups: Sequence[dict[str, Any]], **tags: Any) -> bytes:
    """Make a multi-frame file; a group is `{"FrameContentSequence": {"TemporalPositionIndex": 2}}`, one per frame."""
    return make_dicom(frames, PerFrameFunctionalGroupsSequence=[_make_group(group) for group in groups], **tags)


def _make_group(group: dict[str, Any]) -> Any:
    return make_sequence(**{keyword: make_sequence(**tags) for keyword, tags in group.items()})[0]


def make_mosaic_pixels(slices: NDArray[Any], side: int) -> NDArray[Any]:
    """Arrange slices (count, rows, columns) as tiles from the upper left; missing tiles are zero."""
    count, rows, columns = slices.shape
    tiles = np.zeros((side * side, rows, columns), slices.dtype)
    tiles[:count] = slices
    grid = tiles.reshape(side, side, rows, columns).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(grid.reshape(side * rows, side * columns))


def make_mosaic(slices: NDArray[Any], side: int, **tags: Any) -> bytes:
    """Make a Siemens mosaic file."""
    image_type = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]
    return make_dicom(make_mosaic_pixels(slices, side), **{"ImageType": image_type, **tags})


def add_private(content: bytes, group: int, creator: str, element: int, vr: str, value: Any) -> bytes:
    """Add a tag of a vendor to a DICOM file."""
    dataset = dcmread(io.BytesIO(content))
    dataset.private_block(group, creator, create=True).add_new(element, vr, value)
    return encode_dataset(dataset, dataset.file_meta.TransferSyntaxUID)
