"""Privacy: a name planted in every text of a DICOM file reaches nothing that a run prints, logs or writes."""

import csv
import io
import logging
import warnings
import zipfile

import pytest
from PIL import Image, PngImagePlugin
from pypdf import PdfReader, PdfWriter

from braintumor.cli import main
from tests.helpers.phi_dicom import PHI_NAME, PHI_UID_ROOT, TEXT_VRS, find_phi, find_phi_in, make_phi_dicom

pytestmark = pytest.mark.usefixtures("detector")


@pytest.fixture
def scans(tmp_path):
    """A series of four slices, and files that are refused: cut short, of an unknown coding, without pixels."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for number in range(4):
        make_phi_dicom(number).save_as(folder / f"slice-{number}.dcm", enforce_file_format=True)
    whole = (folder / "slice-0.dcm").read_bytes()
    for share in (0.1, 0.5, 0.9):
        (folder / f"cut-{share}.dcm").write_bytes(whole[: int(share * len(whole))])
    coded = make_phi_dicom(9)
    coded.file_meta.TransferSyntaxUID = f"{PHI_UID_ROOT}.9"
    coded.save_as(folder / "coded.dcm", implicit_vr=False, little_endian=True)
    bare = make_phi_dicom(10)
    del bare.PixelData
    bare.save_as(folder / "bare.dcm", enforce_file_format=True)
    odd = make_phi_dicom(11)
    odd.PhotometricInterpretation = odd.BurnedInAnnotation = PHI_NAME
    odd.save_as(folder / "odd.dcm", enforce_file_format=True)
    tagged = PngImagePlugin.PngInfo()
    tagged.add_text("Patient", PHI_NAME)
    tagged.add_text("Comment", PHI_NAME * 100, zip=True)
    grey = Image.linear_gradient("L")
    grey.save(folder / "tagged.png", pnginfo=tagged)
    exif = Image.Exif()
    exif[0x010E] = PHI_NAME
    grey.save(folder / "tagged.jpg", exif=exif)
    with zipfile.ZipFile(folder / "all.zip", "w") as zipped:
        zipped.write(folder / "slice-1.dcm", "inside.dcm")
    return folder


def test_the_search_finds_what_it_looks_for(scans):
    """Where the name was put, in files that are packed in all the ways results are."""
    assert find_phi_in((scans / "slice-0.dcm").read_bytes())
    assert (scans / "slice-0.dcm").read_bytes().count(PHI_NAME.encode()) > 1000
    assert find_phi(scans)
    assert find_phi_in((scans / "tagged.png").read_bytes())
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_metadata({"/Author": PHI_NAME})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as zipped, io.BytesIO() as pdf:
        writer.write(pdf)
        zipped.writestr("a.pdf", pdf.getvalue())
    assert find_phi_in(packed.getvalue())


def test_no_tag_of_a_file_reaches_anything_a_run_leaves(scans, tmp_path, capsys, caplog):
    results = tmp_path / "results"
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        main([
            "predict", str(scans), "--csv", str(results / "a.csv"), "--overlays", str(results / "overlays"),
            "--pdf", str(results / "a.pdf"), "--zip", str(results / "a.zip"),
        ])  # fmt: skip
        main(["predict", str(scans)])
    with (results / "a.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["name"].rpartition("/")[2]: row["error"] for row in csv.DictReader(file)}
    read = [name for name, error in rows.items() if not error]
    assert {f"slice-{number}.dcm" for number in range(4)} < set(read), rows
    assert len(read) < len(rows), "some are refused, and their sentences are searched as well"
    assert len(list((results / "overlays").iterdir())) >= 4
    assert len(PdfReader(results / "a.pdf").pages) > 2
    assert find_phi(results) == []
    printed = capsys.readouterr()
    said = [printed.out, printed.err, caplog.text, *(str(w.message) for w in warned)]
    assert [text for text in said if find_phi_in(text.encode())] == []


@pytest.mark.parametrize("vr", TEXT_VRS)
def test_every_kind_of_text_was_planted(vr):
    data = make_phi_dicom()
    assert sum(vr == element.VR and PHI_NAME in str(element.value) for element in data) >= 1
