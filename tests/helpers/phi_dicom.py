"""DICOM files with a name planted in every text there is, and a search for it through everything a run leaves."""

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

NAME = "ZQXVWYKJ"
ROOT = "1.2.826.0.1.3680043.8.77777"  # of the identifiers, which point at a patient too
TEXT = ("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT")
# What a picture cannot be had without: they hold words of the standard, never of a person.
NEEDED = {"PhotometricInterpretation", "SpecificCharacterSet", "BurnedInAnnotation"}


def planted(number: int = 0) -> FileDataset:
    """A readable slice of 16 bits with the name in every text tag of the dictionary, private ones and nested ones."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = f"{ROOT}.1.{number}"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.SourceApplicationEntityTitle = meta.ImplementationVersionName = NAME
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    plant(data)
    inner = Dataset()
    plant(inner)
    data.RequestAttributesSequence = Sequence([inner])
    block = data.private_block(0x0099, NAME, create=True)
    block.add_new(1, "LO", NAME)
    data.SOPClassUID = MRImageStorage
    data.SOPInstanceUID, data.StudyInstanceUID = f"{ROOT}.1.{number}", f"{ROOT}.2"
    data.SeriesInstanceUID = data.FrameOfReferenceUID = f"{ROOT}.3"
    data.InstanceNumber = str(number + 1)
    fill(data, number)
    return data


def plant(data: Dataset) -> None:
    for tag, (vr, *_, retired, keyword) in DicomDictionary.items():
        text = vr in TEXT and keyword and not retired and keyword not in NEEDED
        if text and Tag(tag).group > 0x0006 and keyword_for_tag(tag) == keyword:
            setattr(data, keyword, NAME if vr != "PN" else f"{NAME}^{NAME}")


def fill(data: Dataset, number: int) -> None:
    pixels = (make_phantom(CLASSES[number % len(CLASSES)], number, 96).pixels.astype(np.float64) * 4000).astype(
        np.uint16
    )
    if pixels.ndim == 3:
        pixels = pixels[..., 0]
    data.Rows, data.Columns = pixels.shape
    data.SamplesPerPixel, data.PixelRepresentation = 1, 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 16, 15
    data.PhotometricInterpretation = "MONOCHROME2"
    data.PixelSpacing = ["0.5", "0.5"]
    data.PixelData = pixels.tobytes()


def places(content: bytes, where: str = "") -> list[str]:
    """Where in some content the name or an identifier stands, looking into what is packed."""
    found = [where] if any(word.encode(code) in content for word in words() for code in ("utf-8", "utf-16-le")) else []
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as zipped:
            for name in zipped.namelist():
                found += places(name.encode(), f"{where}/{name} (its name)")
                found += places(zipped.read(name), f"{where}/{name}")
    if content.startswith(b"%PDF"):
        reader = PdfReader(io.BytesIO(content))
        found += places(" ".join(page.extract_text() for page in reader.pages).encode(), f"{where} (its text)")
        found += places(repr(reader.metadata).encode(), f"{where} (its metadata)")
        numbers = {*reader.xref_objStm, *(number for table in reader.xref.values() for number in table)}
        for number in sorted(numbers):
            found += places(stream(reader, number), f"{where} (object {number})")
    if content.startswith(b"\x89PNG"):
        found += [where for kind, data in chunks(content) if kind != b"IDAT" and places(inflated(data))]
    return found


def words() -> list[str]:
    return [NAME, NAME.lower(), NAME.title(), ROOT]


def stream(reader: PdfReader, number: int) -> bytes:
    thing = reader.get_object(number)
    return thing.get_data() if hasattr(thing, "get_data") else repr(thing).encode()


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        found.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + size]))
        at += 12 + size
    return found


def inflated(data: bytes) -> bytes:
    """Chunk data with what is compressed in it unpacked."""
    for start in range(min(len(data), 80)):
        try:
            return data + zlib.decompress(data[start:])
        except zlib.error:
            continue
    return data


def leaks(folder: Path) -> list[str]:
    """The same through all files of a folder, their paths included."""
    found = []
    for path in sorted(folder.rglob("*")):
        found += places(str(path.relative_to(folder)).encode(), f"{path.name} (its name)")
        found += places(path.read_bytes(), path.name) if path.is_file() else []
    return found
