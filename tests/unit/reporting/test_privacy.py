"""Privacy: a name in every text tag of a DICOM file appears in nothing that a run prints, logs or writes."""

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
    """A series of four slices, and files that fail: truncated, with an unknown transfer syntax, without pixels."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for number in range(4):
        make_phi_dicom(number).save_as(folder / f"slice-{number}.dcm", enforce_file_format=True)
    content = (folder / "slice-0.dcm").read_bytes()
    for fraction in (0.1, 0.5, 0.9):
        (folder / f"truncated-{fraction}.dcm").write_bytes(content[: int(fraction * len(content))])
    unknown_syntax = make_phi_dicom(9)
    unknown_syntax.file_meta.TransferSyntaxUID = f"{PHI_UID_ROOT}.9"
    unknown_syntax.save_as(folder / "unknown-syntax.dcm", implicit_vr=False, little_endian=True)
    without_pixels = make_phi_dicom(10)
    del without_pixels.PixelData
    without_pixels.save_as(folder / "without-pixels.dcm", enforce_file_format=True)
    invalid_terms = make_phi_dicom(11)
    invalid_terms.PhotometricInterpretation = invalid_terms.BurnedInAnnotation = PHI_NAME
    invalid_terms.save_as(folder / "invalid-terms.dcm", enforce_file_format=True)
    tagged = PngImagePlugin.PngInfo()
    tagged.add_text("Patient", PHI_NAME)
    tagged.add_text("Comment", PHI_NAME * 100, zip=True)
    gray = Image.linear_gradient("L")
    gray.save(folder / "tagged.png", pnginfo=tagged)
    exif = Image.Exif()
    exif[0x010E] = PHI_NAME
    gray.save(folder / "tagged.jpg", exif=exif)
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.write(folder / "slice-1.dcm", "inside.dcm")
    return folder


def test_search_finds_the_name_in_every_kind_of_output(scans):
    assert find_phi_in((scans / "slice-0.dcm").read_bytes())
    assert (scans / "slice-0.dcm").read_bytes().count(PHI_NAME.encode()) > 1000
    assert find_phi(scans)
    assert find_phi_in((scans / "tagged.png").read_bytes())
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_metadata({"/Author": PHI_NAME})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, io.BytesIO() as pdf:
        writer.write(pdf)
        archive.writestr("a.pdf", pdf.getvalue())
    assert find_phi_in(packed.getvalue())


def test_no_text_tag_appears_in_the_results_of_a_run(scans, tmp_path, capsys, caplog):
    results = tmp_path / "results"
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        main([
            "predict", str(scans), "--csv", str(results / "a.csv"), "--overlays", str(results / "overlays"),
            "--pdf", str(results / "a.pdf"), "--zip", str(results / "a.zip"),
        ])  # fmt: skip
        main(["predict", str(scans)])
    with (results / "a.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["name"].rpartition("/")[2]: row["error"] for row in csv.DictReader(file)}
    readable = [name for name, error in rows.items() if not error]
    assert {f"slice-{number}.dcm" for number in range(4)} < set(readable), rows
    assert len(readable) < len(rows), "some files fail, so that their messages are searched too"
    assert len(list((results / "overlays").iterdir())) >= 4
    assert len(PdfReader(results / "a.pdf").pages) > 2
    assert find_phi(results) == []
    captured = capsys.readouterr()
    texts = [captured.out, captured.err, caplog.text, *(str(w.message) for w in caught)]
    assert [text for text in texts if find_phi_in(text.encode())] == []


@pytest.mark.parametrize("vr", TEXT_VRS)
def test_name_is_in_tags_of_every_text_vr(vr):
    data = make_phi_dicom()
    assert sum(vr == element.VR and PHI_NAME in str(element.value) for element in data) >= 1
