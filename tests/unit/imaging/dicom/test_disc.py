"""Files of a hospital disc: the study is read, its viewer is skipped, and no possible scan is lost."""

import io
import zipfile

import nibabel
import numpy as np
import pytest

from braintumor.imaging import FailedScan, Scan, SkippedScan
from braintumor.imaging.dicom.disc import DiscFile, DiscFileKind, classify, find_non_scans, find_scans
from braintumor.imaging.scan_iterator import iter_scans
from tests.helpers.scan_files.discs import PROGRAM, STUDY, make_disc, make_picture, make_slice, write_files, zip_files

DICOM = bytes(128) + b"DICM"
PNG = make_picture("PNG")


def names_by_type(files, prefix="disc.zip/"):
    """Return the names of the scans, the failures and what is skipped of a ZIP of these files."""
    names = {Scan: [], FailedScan: [], SkippedScan: []}
    for item in iter_scans([("disc.zip", zip_files(files))]):
        names[type(item)].append(item.name.removeprefix(prefix))
    return tuple(names.values())


def non_scans(files):
    disc_files = [DiscFile.from_source(path, content) for path, content in files.items()]
    return [disc_files[index].path.as_posix() for index in sorted(find_non_scans(disc_files))]


def test_zip_of_a_disc_gives_its_study_and_nothing_else():
    scans, failed, skipped = names_by_type(make_disc())
    assert scans == list(STUDY)
    assert not failed
    assert set(skipped) == set(make_disc()) - {"DICOMDIR", *STUDY}


@pytest.mark.parametrize("top", ["", "CD 1/", "export/disc/"])
def test_listed_files_of_a_disc_give_its_study(tmp_path, top):
    files = {f"{top}{path}": content for path, content in make_disc().items()}
    write_files(tmp_path, files)
    items = list(iter_scans([(path, tmp_path / path) for path in files]))
    assert [item.name for item in items if not isinstance(item, SkippedScan)] == [f"{top}{path}" for path in STUDY]


def test_two_discs_in_one_folder_give_both_studies():
    files = {f"{disc}/{path}": content for disc in ("A", "B") for path, content in make_disc().items()}
    expected = {f"{disc}/{path}" for disc in ("A", "B") for path in STUDY}
    assert set(files) - set(non_scans(files)) == expected


def test_pictures_that_could_be_scans_are_read():
    files = {
        **make_disc(), "DICOM/S0001/key.png": PNG, "JPEG/IM1.jpg": make_picture("JPEG"),
        "JPEG/IM2": make_picture("PNG", 5),
    }  # fmt: skip
    scans, failed, _ = names_by_type(files)
    assert set(scans) == {*STUDY, "DICOM/S0001/key.png", "JPEG/IM1.jpg", "JPEG/IM2"}
    assert not failed


def test_picture_beside_documents_is_read():
    files = {"a/IM1": make_slice(1), "b/notes.txt": b"two slices", "b/slice.png": PNG, "viewer/readme.md": b"#"}
    assert non_scans(files) == ["b/notes.txt", "viewer/readme.md"]


def test_picture_or_volume_that_is_not_supported_is_refused_by_its_name():
    files = {"IM1": make_slice(1), "photo.heic": b"\0\0\0\x18ftypheic" + bytes(50), "notes.txt": b"text"}
    scans, failed, skipped = names_by_type({**files, "T1.mgz": b"\x1f\x8b\x08" + bytes(50)})
    assert (scans, failed, skipped) == (["IM1"], ["photo.heic", "T1.mgz"], ["notes.txt"])


def test_archive_without_a_study_reports_every_file():
    scans, failed, skipped = names_by_type({"a.png": PNG, "notes.txt": b"text", "viewer.exe": PROGRAM})
    assert (scans, failed, skipped) == (["a.png"], ["notes.txt", "viewer.exe"], [])


def test_damaged_slice_beside_others_is_reported():
    files = {**make_disc(), "DICOM/S0001/IM0003": bytes(50), "DICOM/S0001/IM0004.dcm": b"junk"}
    scans, failed, _ = names_by_type(files)
    assert scans == list(STUDY)
    assert failed == ["DICOM/S0001/IM0003", "DICOM/S0001/IM0004.dcm"]


def test_archive_with_a_viewer_alone_is_one_error():
    files = {path: content for path, content in make_disc().items() if path not in STUDY and "." in path}
    files = {path: content for path, content in files.items() if not path.lower().endswith(("g", "p", "f"))}
    (failed,) = iter_scans([("disc.zip", zip_files({"DICOMDIR": b"x", **files}))])
    assert failed.problem == "disc.zip: the archive contains the viewer of a disc but no scans. Add the DICOM files."


def test_index_of_a_disc_alone_is_an_error():
    (failed,) = iter_scans([("DICOMDIR", DICOM)])
    assert failed.problem.startswith("DICOMDIR: this is the index of a disc (DICOMDIR), not an image.")
    assert [type(item) for item in iter_scans([("DICOMDIR", DICOM), ("IM1", make_slice(1))])] == [Scan]


def test_documents_beside_a_volume_are_skipped():
    volume = nibabel.Nifti1Image(np.random.default_rng(1).random((40, 40, 3), np.float32), np.eye(4)).to_bytes()
    files = {
        "sub-01/anat/sub-01_T1w.nii": volume, "dataset_description.json": b"{}", "README": b"A data set",
        "participants.tsv": b"id\tage\n", "sub-01/dwi/sub-01.bval": b"0 1000",
    }  # fmt: skip
    scans, failed, skipped = names_by_type(files)
    assert len(scans) == 3
    assert not failed
    assert skipped == list(files)[1:]


def test_encrypted_members_are_reported(monkeypatch):
    files = {"IM1": make_slice(1), "viewer": PROGRAM}
    monkeypatch.setattr("braintumor.imaging.zip_archive.ZipMember.read_head", lambda self, size: None)
    assert names_by_type(files)[1] == ["viewer"]


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("IM1", DICOM, DiscFileKind.DICOM), ("setup.exe", DICOM, DiscFileKind.DICOM),
        ("logo.bmp", make_picture("BMP"), DiscFileKind.PICTURE), ("IMG", PNG, DiscFileKind.PICTURE),
        ("damaged.jpg", b"junk", DiscFileKind.PICTURE), ("BMI table", b"BMI of the patient", DiscFileKind.DOCUMENT),
        ("viewer", b"\x7fELF\2", DiscFileKind.PROGRAM), ("run", b"#!/bin/sh", DiscFileKind.PROGRAM),
        ("app.jar", b"PK\3\4", DiscFileKind.PROGRAM), ("x.docx", b"PK\3\4", DiscFileKind.DOCUMENT),
        ("dicomdir", DICOM, DiscFileKind.PROGRAM), ("LOCK", b"", DiscFileKind.DOCUMENT),
        ("NOTE", "Gr\xf6\xdfe".encode("latin-1"), DiscFileKind.DOCUMENT), ("1.2.840", bytes(9), DiscFileKind.UNKNOWN),
        ("IMG_1.HEIC", b"\0\0\0\x18ftypheic", DiscFileKind.PICTURE), ("T1.nrrd", b"NRRD0004\n", DiscFileKind.PICTURE),
        ("T1.mgz", b"\x1f\x8b\x08", DiscFileKind.PICTURE), ("report.pdf", b"%PDF-1.7", DiscFileKind.DOCUMENT),
        ("transform.h5", b"\x89HDF\r\n\x1a\n", DiscFileKind.DOCUMENT),
        ("NOTE", "text".encode("utf-16"), DiscFileKind.DOCUMENT), ("data.bin", bytes(9), DiscFileKind.DOCUMENT),
    ],
)  # fmt: skip
def test_content_decides_before_the_name(name, head, kind):
    assert classify(name, head) is kind


def test_files_all_named_as_scans_are_not_opened():
    def read_head(_size):
        pytest.fail("the file was opened")

    files = [DiscFile(name, read_head) for name in ("a.png", "b.jpg", "c.nii.gz", "d.dcm")]
    assert find_non_scans(files) == set()
    assert find_scans(files) == {0, 1, 2, 3}


def test_bomb_among_the_members_of_a_disc_is_reported():
    stream = io.BytesIO(zip_files({"IM1": make_slice(1), "readme.txt": b"text"}))
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.png", bytes(3_000_000))
    kinds = {item.name: type(item) for item in iter_scans([("disc.zip", stream.getvalue())])}
    assert kinds == {"disc.zip/IM1": Scan, "disc.zip/bomb.png": FailedScan, "disc.zip/readme.txt": SkippedScan}
