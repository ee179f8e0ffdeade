"""Small valid files of every supported format, which tests damage."""

import io
import zipfile
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.uid import DeflatedExplicitVRLittleEndian

from tests.golden.draw import draw_head
from tests.helpers.dicoms import make_dicom

# Compressed DICOM files written by other programs; all are in the pydicom package.
COMPRESSED = {
    "rle": "MR_small_RLE.dcm", "j2k": "MR_small_jp2klossless.dcm", "jls": "MR_small_jpeg_ls_lossless.dcm",
    "jpeg": "SC_rgb_jpeg_gdcm.dcm", "jpegbase": "SC_rgb_jpeg_dcmtk.dcm",
}  # fmt: skip


def encode_image(image: Image.Image, image_format: str, **options: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, image_format, **options)
    return content.getvalue()


def make_zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return content.getvalue()


def valid_files() -> dict[str, bytes]:
    """Return file contents by name."""
    gray = np.rint(draw_head() * 255).astype(np.uint8)
    high_bit_depth = np.rint(draw_head() * 4095).astype(np.uint16)
    image, color = Image.fromarray(gray), Image.fromarray(np.dstack([gray, gray // 2, 255 - gray]))
    volume = np.stack([np.rint(draw_head(40, 36) * level).astype(np.int16) for level in range(1, 40)], axis=2)
    nifti = nibabel.Nifti1Image(volume, np.diag([1.0, 1.0, 2.0, 1.0]))
    files = {
        "grey.jpg": encode_image(image, "JPEG"),
        "colour.jpg": encode_image(color, "JPEG", progressive=True),
        "grey.png": encode_image(image, "PNG"),
        "deep.png": encode_image(Image.fromarray(high_bit_depth), "PNG"),
        "grey.tif": encode_image(image, "TIFF", compression="tiff_lzw"),
        "deep.tif": encode_image(Image.fromarray(high_bit_depth), "TIFF"),
        "grey.bmp": encode_image(image, "BMP"),
        "colour.webp": encode_image(color, "WEBP"),
        "plain.dcm": make_dicom(high_bit_depth, WindowCenter="2000", WindowWidth="4000", PixelSpacing=["0.5", "0.5"]),
        "deflated.dcm": make_dicom(high_bit_depth, DeflatedExplicitVRLittleEndian),
        "frames.dcm": make_dicom(np.stack([high_bit_depth, high_bit_depth[::-1]])),
        "volume.nii": nifti.to_bytes(),
        "scans.zip": make_zip({"a.png": encode_image(image, "PNG"), "b.dcm": make_dicom(high_bit_depth)}),
    }
    for stem, name in COMPRESSED.items():
        files[f"{stem}.dcm"] = Path(str(get_testdata_file(name, download=False))).read_bytes()
    return files
