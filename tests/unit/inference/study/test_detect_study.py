"""`Detector.detect_study` and `detect_batch`: batches change no result, and only part of a volume is read."""

import io
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES, Plane
from braintumor.errors import ScanError
from braintumor.imaging import Scan, read_scan
from braintumor.imaging.edits import turn_scan
from braintumor.inference import Detection, Detector
from braintumor.inference.study import StudyRule
from braintumor.inference.study.detect_study import study_rule
from braintumor.settings import Settings
from tests.helpers.phi_dicom import make_phi_dicom
from tests.helpers.slices import read_slices
from tests.helpers.studies.volumes import make_phantom_volume
from tests.helpers.versions.tiny import write_masked_version, write_version
from tests.helpers.versions.turns import add_turn_section, bright_top_pixels, write_turn_network


@pytest.fixture
def masked(workspace: Settings) -> Detector:
    write_masked_version(workspace.outputs)
    return Detector.load("v4", workspace)


def pictures(count: int) -> list[Scan]:
    return [read_scan(make_phantom(CLASSES[n % 4], n, 64).pixels, f"{n}.png") for n in range(count)]


def assert_same(one: Detection, other: Detection) -> None:
    assert (one.name, one.sha256, one.verdict, one.turn) == (other.name, other.sha256, other.verdict, other.turn)
    assert one.prediction_set == other.prediction_set
    assert list(one.probabilities.values()) == pytest.approx(list(other.probabilities.values()), abs=1e-5)
    for mine, theirs in ((one.mask_probability, other.mask_probability), (one.heat_map, other.heat_map)):
        assert (mine is None) == (theirs is None)
        if mine is not None and theirs is not None:
            np.testing.assert_allclose(mine, theirs, atol=1e-4)


def test_batch_gives_the_results_of_single_slices(masked: Detector):
    scans = pictures(5)
    for scan, together in zip(scans, masked.detect_batch(scans), strict=True):
        assert_same(together, masked.detect(scan))
    assert masked.detect_batch([]) == []
    assert list(masked.detect_all([])) == []
    for scan, streamed in zip(scans, masked.detect_all(iter(scans), batch_size=2), strict=True):
        assert_same(streamed, masked.detect(scan))


def test_batch_turns_the_same_pictures_as_single_slices(workspace: Settings):
    write_version(workspace.outputs)
    write_turn_network(workspace.outputs / "v1")
    add_turn_section(workspace.outputs / "v1")
    detector = Detector.load("v1", workspace)
    upright = read_scan(bright_top_pixels("glioma", 5), "scan.png")
    scans = [turn_scan(upright, turn) for turn in (0, 1, 2)]
    together = detector.detect_batch(scans)
    assert len({detection.turn for detection in together}) > 1
    for scan, detection in zip(scans, together, strict=True):
        assert_same(detection, detector.detect(scan))


def test_volume_is_read_in_part_along_every_plane(masked: Detector):
    content = make_phantom_volume()
    reading = masked.detect_study(content, "brain.nii")
    slices = list(read_slices(content, "brain.nii", masked.settings))
    assert {plane.plane for plane in reading.planes} == {Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL}
    assert len(reading.detections) == reading.counts.read
    assert reading.counts.read + reading.counts.unread == len(slices)
    assert 20 <= reading.counts.read < len(slices)
    key = reading.detections[int(reading.key_slices[0].id)]
    assert key.name == reading.key_slices[0].name
    assert key.name.startswith("brain.nii [")


def test_thin_reformatted_planes_are_not_read(masked: Detector):
    reading = masked.detect_study(make_phantom_volume(thickness=5.0), "brain.nii")
    assert {plane.plane for plane in reading.planes} == {Plane.AXIAL}


def test_bytes_file_folder_and_scans_give_the_same_answer(masked: Detector, tmp_path: Path):
    for number in range(4):
        make_phi_dicom(number).save_as(tmp_path / f"IM{number}", enforce_file_format=True)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for file in sorted(tmp_path.iterdir()):
            opened.write(file, file.name)
    folder = masked.detect_study(tmp_path)
    scans = [scan for file in sorted(tmp_path.iterdir()) for scan in read_slices(file, file.name, masked.settings)]
    zipped, listed = masked.detect_study(archive.getvalue(), "all.zip"), masked.detect_study(scans)
    assert folder.counts.read == zipped.counts.read == listed.counts.read == 4
    assert folder.tumor_probability == pytest.approx(zipped.tumor_probability, abs=1e-5)
    assert folder.verdict is zipped.verdict


def test_pictures_are_read_in_the_given_order(masked: Detector):
    reading = masked.detect_study(pictures(6))
    assert [detection.name for detection in reading.detections] == [f"{n}.png" for n in range(6)]
    assert Counter(plane.plane for plane in reading.planes) == {Plane.UNKNOWN: 1}


def test_unreadable_files_are_counted_and_a_study_without_slices_raises_their_problem(masked: Detector, tmp_path: Path):
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(ScanError, match=r"broken\.png"):
        masked.detect_study(tmp_path)
    with pytest.raises(ScanError, match=r"missing\.nii"):
        masked.detect_study(tmp_path / "missing.nii")
    make_phi_dicom(1).save_as(tmp_path / "IM1", enforce_file_format=True)
    assert masked.detect_study(tmp_path).counts.unreadable == 1


def test_rule_comes_from_the_card_else_from_the_thresholds_of_slices(masked: Detector):
    card = masked.artifact.card
    rule = study_rule(card)
    assert (rule.rule_out, rule.rule_in) == (card.thresholds.rule_out, card.thresholds.rule_in)
    fitted = StudyRule(smoothing_mm=15.0, chosen="for a test")
    changed = card.model_validate({**card.to_dict(), "study": fitted.to_dict()})
    assert study_rule(changed) == fitted
    assert changed.to_dict()["study"]["chosen"] == "for a test"
    assert replace(fitted, chosen="") == fitted
