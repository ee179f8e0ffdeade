"""Discs and studies through `predict` and uploads: the same rows for folder and ZIP, and what was skipped."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from braintumor.cli import main
from braintumor.services.batch_predict import predict
from braintumor.services.file_discovery import discover_files
from braintumor.services.file_groups import GroupKind, group_files
from braintumor.services.reading import ReadingService
from braintumor.text import describe_skipped
from tests.helpers.predictions_csv import read_rows
from tests.helpers.scan_files.discs import STUDY, make_disc, make_slice, write_files, zip_files
from tests.helpers.scan_files.volumes import CASES

pytestmark = pytest.mark.usefixtures("detector")


@dataclass(frozen=True)
class Upload:
    """An uploaded file."""

    name: str
    content: bytes

    def getvalue(self) -> bytes:
        return self.content


@pytest.fixture
def study() -> dict[str, bytes]:
    """A study of two series, one of three time points, and files that are not to be read."""
    series = {"SeriesInstanceUID": "1.2.3.1", "SeriesNumber": "7"}
    files = {
        f"T/IM{point}{place}": make_slice(place, InstanceNumber=str(3 * point + place + 1),
            AcquisitionNumber=str(point + 1), **series)
        for point in range(3) for place in range(3)
    }  # fmt: skip
    return {
        **files,
        "T1/IM1": make_slice(1),
        "LOC/IM1": make_slice(11, SeriesInstanceUID="1.2.3.2", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]),
        "LOC/IM2": make_slice(12, SeriesInstanceUID="1.2.3.2", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]),
        "ADC/IM1": make_slice(13, SeriesInstanceUID="1.2.3.3", ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]),
        "SC/IM1": make_slice(14, SeriesInstanceUID="1.2.3.4", SOPClassUID="1.2.840.10008.5.1.4.1.1.7"),
        "SR/IM1": make_slice(15, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", PixelData=None, Rows=None, Columns=None),
    }


def predicted_names(source, tmp_path, workspace, prefix):
    summary = predict([source], csv_file=tmp_path / "out.csv", settings=workspace)
    rows = read_rows(tmp_path / "out.csv")
    assert not any(row["error"] for row in rows)
    return [row["name"].removeprefix(prefix) for row in rows if row["level"] != "study"], summary


def test_folder_and_zip_of_a_disc_give_the_same_rows(tmp_path, workspace):
    folder = write_files(tmp_path / "disc", make_disc())
    (tmp_path / "disc.zip").write_bytes(zip_files(make_disc()))
    from_folder, folder_summary = predicted_names(folder, tmp_path, workspace, f"{folder}/")
    from_zip, zip_summary = predicted_names(tmp_path / "disc.zip", tmp_path, workspace, f"{tmp_path}/disc.zip/")
    assert from_folder == from_zip == list(STUDY)
    assert zip_summary.non_scans == len(make_disc()) - 3
    assert folder_summary.non_scans == zip_summary.non_scans + 1, "DICOMDIR counts in a folder"
    assert main(["predict", str(tmp_path / "disc.zip"), "--csv", str(tmp_path / "out.csv")]) == 0


@pytest.mark.skipif(not CASES.is_dir(), reason="the files are not on this machine")
def test_case_of_a_disc_gives_its_study(tmp_path, workspace):
    case = CASES / "hospital_disc.zip"
    with zipfile.ZipFile(case) as archive:
        archive.extractall(tmp_path / "disc")
    names, _ = predicted_names(case, tmp_path, workspace, f"{case}/")
    assert names == predicted_names(tmp_path / "disc", tmp_path, workspace, f"{tmp_path}/disc/")[0] == list(STUDY)


def test_study_is_read_without_what_is_skipped(study, tmp_path, workspace):
    folder = write_files(tmp_path / "study", study)
    names, summary = predicted_names(folder, tmp_path, workspace, f"{folder}/")
    assert sorted(names) == ["T/IM00", "T/IM01", "T/IM02", "T1/IM1"]
    assert (
        "Skipped: 2 localizer slices, 1 slice of a derived map, 1 screenshot, 1 report, "
        "2 more time points of series 7 (6 slices)."
    ) in str(summary)


def test_every_time_point_is_read_on_request(study, tmp_path, workspace):
    folder = write_files(tmp_path / "study", study)
    arguments = ["predict", str(folder / "T"), "--csv", str(tmp_path / "out.csv"), "--all-time-points"]
    assert main(arguments) == 0
    levels = [row["level"] for row in read_rows(tmp_path / "out.csv")]
    assert (levels.count("slice"), levels.count("study")) == (9, 3)


def test_localizer_alone_is_read_and_report_alone_is_an_error(study, tmp_path, workspace):
    folder = write_files(tmp_path / "study", study)
    names, summary = predicted_names(folder / "LOC", tmp_path, workspace, f"{folder}/LOC/")
    assert names == ["IM1", "IM2"]
    assert not summary.skipped
    assert main(["predict", str(folder / "SR"), "--csv", str(tmp_path / "out.csv")]) == 1
    assert "contains no image" in read_rows(tmp_path / "out.csv")[0]["error"]


def test_uploads_of_a_disc_form_a_group_of_what_is_not_read(detector):
    groups = group_files([Upload(*item) for item in make_disc().items()], lambda file: file.name)
    kinds = [group.kind for group in groups]
    assert kinds == [GroupKind.SERIES, GroupKind.NOT_SCANS]
    service = ReadingService(detector)
    readings = list(service.read(groups))
    assert [reading.name for reading in readings] == list(STUDY)
    skipped = [scan for scans in service.skipped.values() for scan in scans]
    assert describe_skipped(scan.reason for scan in skipped) == "Skipped: 19 files that are not scans."


def test_ids_of_slices_do_not_depend_on_what_is_skipped(detector):
    uploads = [Upload("IM1", make_slice(1)), Upload("IM2", make_slice(2))]
    report = Upload("SR1", make_slice(3, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", PixelData=None, Rows=None))
    ids = [
        [reading.id for reading in ReadingService(detector).read(group_files(files, lambda file: file.name))]
        for files in (uploads, [report, *uploads])
    ]
    assert ids[0] == ids[1]


def test_damaged_slice_beside_others_is_included_in_a_folder(tmp_path):
    folder = write_files(tmp_path / "disc", {**make_disc(), "DICOM/S0001/IM0003": bytes(50)})
    assert discover_files([folder]).files == (f"{folder}/DICOM/S0001/IM0003",)


def test_images_without_a_suffix_are_included_by_content(tmp_path):
    files = make_disc()
    folder = write_files(tmp_path / "x", {"IMG1": files["splash.png"], "scan.mr": files[STUDY[0]], "note": b"text"})
    discovered = discover_files([folder])
    assert [Path(path).name for path in (*discovered.files, *discovered.volumes)] == ["IMG1", "scan.mr"]


@pytest.mark.parametrize(
    ("reasons", "text"),
    [
        ((), ""), (("report",), "Skipped: 1 report."),
        (("not a scan",), "Skipped: 1 file that is not a scan."),
        (("localizer", "report", "localizer", "not a scan", "not a scan", "4 more time points of series 2"),
         "Skipped: 2 localizer slices, 1 report, 2 files that are not scans, 4 more time points of series 2."),
    ],
)  # fmt: skip
def test_what_was_skipped_is_counted_by_kind(reasons, text):
    assert describe_skipped(reasons) == text
