"""Answers for studies: one per series or volume once its slices are read, in CSV, workbook, PDF and the summary."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import Plane, Verdict
from braintumor.explanation.limits import MAX_KEY_SLICES
from braintumor.inference import Detector
from braintumor.inference.study import StudyRule
from braintumor.services.batch_predict import predict
from braintumor.services.file_groups import FileGroup, group_files, smallest_first
from braintumor.services.reading import ReadingService
from braintumor.services.reading_job import ReadingJob
from braintumor.services.reading_result import Reading
from braintumor.services.study_results import collect_studies
from braintumor.settings import Settings
from braintumor.text import VERDICT_TITLES
from tests.helpers.predictions_csv import read_rows
from tests.helpers.readings import make_failed_reading, make_reading
from tests.helpers.studies.study_slices import lesion_between, make_plane
from tests.helpers.studies.volumes import make_phantom_volume

RULE = StudyRule()


class _File:
    def __init__(self, name: str, content: bytes) -> None:
        self.name, self._content = name, content

    def getvalue(self) -> bytes:
        return self._content


@pytest.fixture(scope="module")
def volume() -> bytes:
    return make_phantom_volume(slices=34, side=40)


def groups_of(*files: _File) -> list[FileGroup]:
    return group_files(files, lambda file: file.name)


def test_volume_has_one_answer_after_its_slices_with_all_planes(detector: Detector, volume: bytes):
    readings = list(ReadingService(detector).read(groups_of(_File("brain.nii", volume))))
    (study,) = collect_studies(readings, RULE)
    assert study.name == "brain.nii"
    assert study.sha256 == readings[0].sha256
    assert len(study.slices) == len(readings)
    assert {plane.plane for plane in study.reading.planes} == {Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL}
    assert study.key_slice.id in {reading.id for reading in readings}


@pytest.mark.parametrize("workers", [1, 3])
def test_slices_read_in_batches_have_the_results_of_single_ones(detector: Detector, volume: bytes, workers: int):
    groups = groups_of(_File("brain.nii", volume))
    readings = list(ReadingService(detector, workers).read(groups))
    for reading in readings[::20]:
        (again,) = [each for each in ReadingService(detector, 2).read(groups) if each.id == reading.id]
        assert again.row["tumor_probability"] == pytest.approx(reading.row["tumor_probability"], abs=1e-5)
        assert again.row["name"] == reading.row["name"]


def study_readings(verdicts: int, group: str = "unit", volume: str = "volume") -> list[Reading]:
    slices = [replace(each, volume=volume, stack=volume) for each in make_plane(lesion_between(2, 6, verdicts))]
    return [
        replace(make_reading(f"{each.order}", each.verdict, each.tumor_probability, group=group), study_slice=each)
        for each in slices
    ]


def test_study_that_is_still_being_read_has_no_answer():
    first, second = study_readings(8, volume="first"), study_readings(8, volume="second")
    assert collect_studies(first, RULE, is_complete=False) == []
    assert len(collect_studies([*first, *second[:3]], RULE, is_complete=False)) == 1
    assert len(collect_studies([*first, *second], RULE)) == 2


def test_pictures_and_single_slices_are_no_study():
    assert collect_studies([make_reading("a", Verdict.UNCERTAIN, 0.5), *study_readings(1)], RULE) == []


def test_unreadable_slices_of_a_study_are_counted():
    readings = study_readings(8)
    failed = make_failed_reading("x")
    failed = replace(failed, row=failed.row | {"sha256": readings[0].row["sha256"]})
    (study,) = collect_studies([*readings, failed], RULE)
    assert study.reading.counts.unreadable == 1
    assert "1 unreadable" in study.reading.counts.describe()


def test_small_pictures_are_read_before_a_volume(detector: Detector, volume: bytes):
    content = io.BytesIO()
    Image.fromarray(make_phantom("glioma", 1, 64).pixels).save(content, "PNG")
    groups = groups_of(_File("brain.nii", volume), _File("a.png", content.getvalue()))
    assert [group.files[0].name for group in groups] == ["brain.nii", "a.png"]
    assert [group.files[0].name for group in smallest_first(groups)] == ["a.png", "brain.nii"]
    job = ReadingJob(ReadingService(detector), groups)
    job.wait(60)
    assert job.progress.files_read == 2
    slices, (picture,) = (job.readings[group.key] for group in groups)
    assert str(picture.row["timestamp"]) <= str(slices[0].row["timestamp"])


@pytest.mark.usefixtures("detector")
def test_predict_writes_a_study_row_a_page_and_a_line(workspace: Settings, volume: bytes, tmp_path: Path):
    (tmp_path / "brain.nii").write_bytes(volume)
    outputs = {name: tmp_path / f"out.{name}" for name in ("csv", "pdf", "xlsx", "zip")}
    summary = predict(
        [tmp_path / "brain.nii"], "v1", outputs["csv"], settings=workspace, pdf_file=outputs["pdf"],
        xlsx_file=outputs["xlsx"], zip_file=outputs["zip"],
    )  # fmt: skip
    *slices, study = read_rows(outputs["csv"])
    (result,) = summary.studies
    assert {row["level"] for row in slices} == {"slice"}
    assert (study["level"], study["verdict"], study["error"]) == ("study", str(result.reading.verdict), "")
    assert study["name"].endswith("brain.nii")
    assert float(study["tumor_probability"]) == pytest.approx(result.reading.tumor_probability, abs=1e-5)
    assert sum(float(study[f"p_{c}"]) for c in ("glioma", "meningioma", "notumor", "pituitary")) == pytest.approx(1)
    assert f"brain.nii: {VERDICT_TITLES[result.reading.verdict]}. {result.reading.reason}" in str(summary)
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(outputs["pdf"].read_bytes())).pages]
    (page,) = [page for page in pages if "Study: " in page]
    for text in ("Planes", "judged", "axial", "Most suspicious slice"):
        assert text in page
    assert 2 <= len(pages) <= 1 + MAX_KEY_SLICES, "the study and its key slices, no list of all slices"
    assert f"1 study of {result.reading.counts.total} slices" in pages[0]
