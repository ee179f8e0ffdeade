"""DICOM files with a patient name in every text tag, and a search for it in everything a run writes."""

import io
import zipfile
import zlib
from pathlib import Path

import numpy as np
from pydicom.datadict import DicomDictionary, keyword_for_tag
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage
from pypdf import PdfReader

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES

PHI_NAME = "ZQXVWYKJ"
PHI_UID_ROOT = "1.2.826.0.1.3680043.8.77777"  # identifiers point at a patient too
SEARCHED_WORDS = (PHI_NAME, PHI_NAME.lower(), PHI_NAME.title(), PHI_UID_ROOT)
TEXT_VRS = ("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT")
# Tags without which the image cannot be read. Their values are defined terms of the standard.
REQUIRED_TAGS = {"PhotometricInterpretation", "SpecificCharacterSet", "BurnedInAnnotation"}


def make_phi_dicom(number: int = 0) -> FileDataset:
    """Make a readable 16-bit slice with the name in every text tag, including private and nested ones."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = f"{PHI_UID_ROOT}.1.{number}"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.SourceApplicationEntityTitle = meta.ImplementationVersionName = PHI_NAME
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    _add_name(dataset)
    nested = Dataset()
    _add_name(nested)
    dataset.RequestAttributesSequence = Sequence([nested])
    block = dataset.private_block(0x0099, PHI_NAME, create=True)
    block.add_new(1, "LO", PHI_NAME)
    dataset.SOPClassUID = MRImageStorage
    dataset.SOPInstanceUID, dataset.StudyInstanceUID = f"{PHI_UID_ROOT}.1.{number}", f"{PHI_UID_ROOT}.2"
    dataset.SeriesInstanceUID = dataset.FrameOfReferenceUID = f"{PHI_UID_ROOT}.3"
    dataset.InstanceNumber = str(number + 1)
    _add_pixels(dataset, number)
    return dataset


def _add_name(dataset: Dataset) -> None:
    for tag, (vr, *_, retired, keyword) in DicomDictionary.items():
        is_text = vr in TEXT_VRS and keyword and not retired and keyword not in REQUIRED_TAGS
        if is_text and Tag(tag).group > 0x0006 and keyword_for_tag(tag) == keyword:
            setattr(dataset, keyword, PHI_NAME if vr != "PN" else f"{PHI_NAME}^{PHI_NAME}")


def _add_pixels(dataset: Dataset, number: int) -> None:
    phantom = make_phantom(CLASSES[number % len(CLASSES)], number, 96).pixels
    pixels = (phantom.astype(np.float64) * 4000).astype(np.uint16)
    if pixels.ndim == 3:
        pixels = pixels[..., 0]
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PixelSpacing = ["0.5", "0.5"]
    dataset.PixelData = pixels.tobytes()


def find_phi(folder: Path) -> list[str]:
    """List where the name or an identifier occurs in the files of a folder, including their paths."""
    locations = []
    for path in sorted(folder.rglob("*")):
        locations += find_phi_in(str(path.relative_to(folder)).encode(), f"{path.name} (its name)")
        locations += find_phi_in(path.read_bytes(), path.name) if path.is_file() else []
    return locations


def find_phi_in(content: bytes, where: str = "") -> list[str]:
    """List where the name or an identifier occurs in some content, including compressed content."""
    encodings = ("utf-8", "utf-16-le")
    has_phi = any(word.encode(encoding) in content for word in SEARCHED_WORDS for encoding in encodings)
    locations = [where] if has_phi else []
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                locations += find_phi_in(name.encode(), f"{where}/{name} (its name)")
                locations += find_phi_in(archive.read(name), f"{where}/{name}")
    if content.startswith(b"%PDF"):
        locations += _find_phi_in_pdf(content, where)
    if content.startswith(b"\x89PNG"):
        locations += [
            where for kind, data in _png_chunks(content) if kind != b"IDAT" and find_phi_in(_with_inflated(data))
        ]
    return locations


def _find_phi_in_pdf(content: bytes, where: str) -> list[str]:
    reader = PdfReader(io.BytesIO(content))
    locations = find_phi_in(" ".join(page.extract_text() for page in reader.pages).encode(), f"{where} (its text)")
    locations += find_phi_in(repr(reader.metadata).encode(), f"{where} (its metadata)")
    numbers = {*reader.xref_objStm, *(number for table in reader.xref.values() for number in table)}
    for number in sorted(numbers):
        pdf_object = reader.get_object(number)
        data = pdf_object.get_data() if hasattr(pdf_object, "get_data") else repr(pdf_object).encode()
        locations += find_phi_in(data, f"{where} (object {number})")
    return locations


def _png_chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    chunks, offset = [], 8
    while offset < len(png):
        size = int.from_bytes(png[offset : offset + 4], "big")
        chunks.append((png[offset + 4 : offset + 8], png[offset + 8 : offset + 8 + size]))
        offset += 12 + size
    return chunks


def _with_inflated(data: bytes) -> bytes:
    """Append what is compressed in a chunk to its data."""
    for start in range(min(len(data), 80)):
        try:
            return data + zlib.decompress(data[start:])
        except zlib.error:
            continue
    return data
