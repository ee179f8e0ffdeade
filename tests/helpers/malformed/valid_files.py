"""Sound little files of every kind that is read, to be damaged."""

import io
import zipfile
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.uid import DeflatedExplicitVRLittleEndian

from tests.golden.draw import head
from tests.helpers.dicoms import dicom

# Compressed DICOM as others wrote it; all of these lie within the pydicom package.
COMPRESSED = {
    "rle": "MR_small_RLE.dcm", "j2k": "MR_small_jp2klossless.dcm", "jls": "MR_small_jpeg_ls_lossless.dcm",
    "jpeg": "SC_rgb_jpeg_gdcm.dcm", "jpegbase": "SC_rgb_jpeg_dcmtk.dcm",
}  # fmt: skip


def packed(picture: Image.Image, kind: str, **options: Any) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return content.getvalue()


def bases() -> dict[str, bytes]:
    """Files by name."""
    grey = np.rint(head() * 255).astype(np.uint8)
    deep = np.rint(head() * 4095).astype(np.uint16)
    picture, colour = Image.fromarray(grey), Image.fromarray(np.dstack([grey, grey // 2, 255 - grey]))
    volume = np.stack([np.rint(head(40, 36) * level).astype(np.int16) for level in range(1, 40)], axis=2)
    nifti = nibabel.Nifti1Image(volume, np.diag([1.0, 1.0, 2.0, 1.0]))
    made = {
        "grey.jpg": packed(picture, "JPEG"), "colour.jpg": packed(colour, "JPEG", progressive=True),
        "grey.png": packed(picture, "PNG"), "deep.png": packed(Image.fromarray(deep), "PNG"),
        "grey.tif": packed(picture, "TIFF", compression="tiff_lzw"), "deep.tif": packed(Image.fromarray(deep), "TIFF"),
        "grey.bmp": packed(picture, "BMP"), "colour.webp": packed(colour, "WEBP"),
        "plain.dcm": dicom(deep, WindowCenter="2000", WindowWidth="4000", PixelSpacing=["0.5", "0.5"]),
        "deflated.dcm": dicom(deep, DeflatedExplicitVRLittleEndian), "frames.dcm": dicom(np.stack([deep, deep[::-1]])),
        "volume.nii": nifti.to_bytes(), "scans.zip": zipped({"a.png": packed(picture, "PNG"), "b.dcm": dicom(deep)}),
    }  # fmt: skip
    for stem, name in COMPRESSED.items():
        made[f"{stem}.dcm"] = Path(str(get_testdata_file(name, download=False))).read_bytes()
    return made
