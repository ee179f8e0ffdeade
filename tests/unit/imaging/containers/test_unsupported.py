"""Formats that are not read are named, with what to do next; rare image formats are read."""

import gzip
import io
import struct

import numpy as np
import pytest
from PIL import Image

from braintumor.errors import ScanError
from braintumor.imaging import FailedScan, read_scan
from braintumor.imaging.file_format import FORMAT_NAMES, SCAN_SUFFIXES, FileFormat
from tests.golden.draw import make_arrays
from tests.helpers.malformed.valid_files import encode_image, make_zip
from tests.helpers.slices import read_slices

GRAY, GRAY_16 = make_arrays()["array-uint8"], make_arrays()["array-uint16"]
IMAGE = Image.fromarray(GRAY)


def box(brand: bytes, *compatible: bytes) -> bytes:
    content = b"ftyp" + brand + bytes(4) + b"".join(compatible)
    return struct.pack(">I", len(content) + 4) + content + bytes(200)


UNSUPPORTED = {
    "photo.heic": (box(b"heic", b"mif1", b"heic"), "a HEIC picture"),
    "IMG_1.jpg": (box(b"mif1", b"mif1", b"heic"), "a HEIC picture"),
    "film.mp4": (box(b"isom", b"mp42"), "a video"),
    "film.mov": (struct.pack(">I", 8) + b"wide" + bytes(100), "a video"),
    "film.avi": (b"RIFF" + bytes(4) + b"AVI LIST" + bytes(100), "a video"),
    "film.mkv": (b"\x1aE\xdf\xa3" + bytes(100), "a video"),
    "report.pdf": (b"%PDF-1.7\n" + bytes(100), "a PDF document"),
    "late.pdf": (b"\n\n%PDF-1.4\n" + bytes(100), "a PDF document"),
    "letter.doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "office"),
    "letter.docx": (make_zip({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}), "office"),
    "letter.odt": (make_zip({"mimetype": b"application/x", "META-INF/manifest.xml": b"<x/>"}), "office"),
    "scans.rar": (b"Rar!\x1a\7\1\0" + bytes(100), "a RAR archive"),
    "scans.7z": (b"7z\xbc\xaf\x27\x1c" + bytes(100), "a 7z archive"),
    "scans.xz": (b"\xfd7zXZ\0" + bytes(100), "compressed with xz"),
    "brain.nrrd": (b"NRRD0004\ntype: short\n" + bytes(100), "an NRRD volume"),
    "brain.mha": (b"ObjectType = Image\nNDims = 3\n", "a MetaImage volume"),
    "brain.mhd": (b"NDims = 3\nDimSize = 4 4 4\n", "a MetaImage volume"),
    "brain.mgz": (
        gzip.compress(struct.pack(">7i", 1, 40, 40, 40, 1, 0, 0) + bytes(500), mtime=0),
        "a FreeSurfer volume",
    ),
    "brain.mgh": (struct.pack(">7i", 1, 40, 40, 40, 1, 0, 0) + bytes(500), "a FreeSurfer volume"),
    "brain.mnc": (b"\x89HDF\r\n\x1a\n" + bytes(100), "a MINC volume"),
    "old.mnc": (b"CDF\1" + bytes(100), "a MINC volume"),
    "brain.par": (b"# === DATA DESCRIPTION FILE ====\n", "a Philips PAR header"),
    "figure.svg": (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
    "index.html": (b"<!DOCTYPE html><html></html>", "a web page"),
    "new.jxl": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(100), "a JPEG XL picture"),
    "layers.psd": (b"8BPS\0\1" + bytes(100), "a Photoshop document"),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_format_that_is_not_read_is_named_with_what_to_do(name):
    content, expected = UNSUPPORTED[name]
    (failed,) = read_slices(content, name)
    assert isinstance(failed, FailedScan)
    assert failed.problem.startswith(f"{name}: this is ")
    assert expected in failed.problem
    assert failed.problem.count(". ") == 1, "what is wrong, then what to do next"
    assert failed.problem.endswith(".")


@pytest.mark.parametrize("name", ["photo.heic", "report.pdf", "brain.mgz", "figure.svg"])
def test_single_scan_is_refused_by_its_name_too(name):
    content, expected = UNSUPPORTED[name]
    with pytest.raises(ScanError, match=expected):
        read_scan(content, name)


LOSSLESS = {
    "grey.gif": encode_image(IMAGE, "GIF"),
    "grey.jp2": encode_image(IMAGE, "JPEG2000"),
    "grey.j2k": encode_image(IMAGE, "JPEG2000", no_jp2=True),
    "colour.jp2": encode_image(IMAGE.convert("RGB"), "JPEG2000"),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_rare_lossless_formats_give_the_same_values_as_png(name):
    scan = read_scan(LOSSLESS[name], name)
    assert np.abs(scan.to_uint8().astype(int) - GRAY).max() <= 1, "colours are rounded"
    assert (scan.bits, scan.warnings) == (8, ())
    renamed = read_scan(LOSSLESS[name], "scan.jpg")
    assert "contains a" in renamed.warnings[0]


def test_16_bit_jpeg_2000_equals_16_bit_png():
    deep, png = (read_scan(encode_image(Image.fromarray(GRAY_16), name), "deep") for name in ("JPEG2000", "PNG"))
    np.testing.assert_array_equal(deep.raw, png.raw)
    np.testing.assert_array_equal(deep.values, png.values)


def test_avif_is_close_to_png():
    scan = read_scan(encode_image(IMAGE, "AVIF", quality=95), "grey.avif")
    assert np.abs(scan.to_uint8().astype(int) - GRAY).mean() < 3
    assert scan.warnings == ()


@pytest.mark.parametrize("image_format", ["GIF", "AVIF", "PNG", "WEBP"])
def test_animation_is_refused_by_its_name(image_format):
    frames = [Image.fromarray(np.roll(GRAY, shift, 0)) for shift in (0, 8, 16)]
    content = encode_image(frames[0], image_format, save_all=True, append_images=frames[1:])
    name = FileFormat[image_format].value
    with pytest.raises(ScanError, match=f"this is an animated {name} with several frames"):
        read_scan(content, "scan")


@pytest.mark.parametrize("name", LOSSLESS)
def test_truncated_file_of_a_rare_format_is_rejected(name):
    for size in (20, 100, len(LOSSLESS[name]) // 2):
        with pytest.raises(ScanError, match="damaged"):
            read_scan(LOSSLESS[name][:size], name)


def test_pixel_limit_holds_for_rare_formats():
    small = io.BytesIO(LOSSLESS["grey.gif"])
    content = bytearray(small.getvalue())
    content[6:10] = struct.pack("<HH", 20_000, 20_000)
    with pytest.raises(ScanError, match=r"far too many pixels|more than"):
        read_scan(bytes(content), "bomb.gif")


def test_suffixes_and_names_of_formats_agree():
    for suffix in (".gif", ".avif", ".jp2", ".j2k", ".hdr", ".img", ".nii", ".nii.gz", ".zip", ".dcm"):
        assert suffix in SCAN_SUFFIXES
    assert len(set(SCAN_SUFFIXES)) == len(SCAN_SUFFIXES)
    assert {"GIF", "AVIF", "JPEG 2000", "NIfTI", "DICOM", "ZIP"} <= set(FORMAT_NAMES)
