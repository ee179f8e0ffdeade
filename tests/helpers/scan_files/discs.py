"""A hospital disc: a DICOM study, its index, and a viewer with documents and pictures."""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from braintumor.datasets.phantoms import make_phantom
from tests.helpers.dicoms import UID_ROOT, make_dicom

PROGRAM = b"MZ\x90\0" + bytes(300)
STUDY = ("DICOM/S0001/IM0001", "DICOM/S0001/IM0002")


def make_slice(number: int, **tags: object) -> bytes:
    """Make an axial DICOM slice at a height of 5 mm per number."""
    pixels = np.asarray(make_phantom("glioma", number, 96).pixels)
    gray = np.asarray(Image.fromarray(pixels).convert("L")).astype(np.uint16) * 16
    defaults = {
        "SOPInstanceUID": f"{UID_ROOT}9.{number}", "StudyInstanceUID": f"{UID_ROOT}8", "InstanceNumber": str(number),
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "ImagePositionPatient": [0, 0, 5 * number],
        "PixelSpacing": [2, 2],
    }  # fmt: skip
    return make_dicom(gray, **{**defaults, **tags})


def make_picture(image_format: str, number: int = 3) -> bytes:
    """Make a picture that looks like a slice."""
    stream = io.BytesIO()
    Image.fromarray(np.asarray(make_phantom("pituitary", number, 96).pixels)).save(stream, image_format)
    return stream.getvalue()


def make_disc() -> dict[str, bytes]:
    """Make the files of a disc by path; only those in `STUDY` are scans."""
    files = {
        "DICOMDIR": b"x" * 200, "AUTORUN.INF": b"[autorun]\r\nopen=VIEWER\\viewer.exe", "README.TXT": b"hello",
        "splash.png": make_picture("PNG"), "INDEX.HTM": b"<html></html>", "VERSION.XML": b'<?xml version="1.0"?>',
        "LOCKFILE": b"", "Report.pdf": b"%PDF-1.7\n", "VIEWER/viewer.exe": PROGRAM, "VIEWER/lib/qt.dll": PROGRAM,
        "VIEWER/lib/viewer.jar": b"PK\3\4" + bytes(40), "VIEWER/linux/viewer": b"\x7fELF" + bytes(100),
        "VIEWER/logo.ico": b"\0\0\1\0" + bytes(60), "VIEWER/images/logo.bmp": make_picture("BMP"),
        "VIEWER/images/icons/open.gif": make_picture("GIF"), "VIEWER/settings.dat": bytes(range(256)),
        "VIEWER/examples.zip": b"PK\3\4" + bytes(40), "Mac/Viewer.app/Contents/PkgInfo": b"APPL????",
        "Mac/Viewer.app/Contents/Resources/about.jpg": make_picture("JPEG"), "THUMBS/IM0001.JPG": make_picture("JPEG"),
    }  # fmt: skip
    return files | {path: make_slice(number) for number, path in enumerate(STUDY)}


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files by their paths in a folder."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def zip_files(files: dict[str, bytes]) -> bytes:
    """Make a ZIP of files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return stream.getvalue()
