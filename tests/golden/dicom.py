"""Golden data of DICOM files in the pydicom package; `python -m tests.golden.dicom` writes it."""

import hashlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.data import get_testdata_file

from braintumor.imaging import Scan
from tests.helpers.slices import read_slices

FOLDER = Path(__file__).parent
FILES, PIXELS = FOLDER / "dicom.json", FOLDER / "dicom.npz"
# Every eighth pixel in both directions is stored; all pixels are stored as one hash.
STEP = 8
GOLDEN_FILES = {
    "MR_small.dcm": "16 bits, signed, explicit little endian, window",
    "MR_small_bigendian.dcm": "the same in big endian",
    "MR_small_RLE.dcm": "the same run-length encoded",
    "MR_small_jp2klossless.dcm": "the same in JPEG 2000, lossless",
    "MR_small_jpeg_ls_lossless.dcm": "the same in JPEG-LS, lossless",
    "CT_small.dcm": "rescale intercept, no window: percentiles",
    "image_dfl.dcm": "deflated, 8 bits",
    "examples_overlay.dcm": "12 bits stored of 16, MR of a head, window",
    "examples_palette.dcm": "palette colour",
    "SC_rgb_rle_2frame.dcm": "RGB, two frames, run-length encoded",
}


def read_pydicom_file(name: str) -> bytes:
    """Return a file of the pydicom package, without downloading any."""
    return Path(str(get_testdata_file(name, download=False))).read_bytes()


def first_slice(name: str) -> Scan:
    scan = next(read_slices(read_pydicom_file(name), name))
    assert isinstance(scan, Scan), scan
    return scan


def subsample(scan: Scan) -> NDArray[np.uint8]:
    return scan.to_uint8()[::STEP, ::STEP]


def describe_slice(name: str) -> dict[str, object]:
    scan = first_slice(name)
    return {
        "what": GOLDEN_FILES[name],
        "file": hashlib.sha256(read_pydicom_file(name)).hexdigest(),
        "pixels": hashlib.sha256(scan.to_uint8().tobytes()).hexdigest(),
        "raw": None if scan.raw is None else hashlib.sha256(scan.raw.tobytes()).hexdigest(),
        "shape": [scan.height, scan.width],
        "bits": scan.bits,
        "spacing": scan.spacing,
        "window": scan.window,
    }


if __name__ == "__main__":
    FILES.write_text(
        json.dumps({name: describe_slice(name) for name in GOLDEN_FILES}, indent=1) + "\n", encoding="utf-8"
    )
    np.savez_compressed(PIXELS, **{name: subsample(first_slice(name)) for name in GOLDEN_FILES})
