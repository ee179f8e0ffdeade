"""Samples are small, of free licences, of test patients, and described truthfully by their table."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from braintumor.enums import CLASS_NAMES, CLASSES, Plane, Verdict
from braintumor.imaging import FailedScan, Scan
from braintumor.imaging.scan_iterator import iter_scans
from braintumor.inference import Detector
from braintumor.samples import Sample, find_sample, list_samples
from braintumor.samples.catalog import FILES, SAMPLES_FILE
from braintumor.settings import Settings

FREE_LICENCES = {"CC0-1.0", "PDDL-1.0", "CC-BY-4.0"}


def _read(sample: Sample) -> list[Scan | FailedScan]:
    scans = iter_scans([(sample.file, sample.path.read_bytes())], Settings())
    return [scan for scan in scans if isinstance(scan, Scan | FailedScan)]


def test_table_lists_every_file_with_its_hash() -> None:
    assert {path.name for path in FILES.iterdir()} == {sample.file for sample in list_samples()}
    for sample in list_samples():
        assert hashlib.sha256(sample.path.read_bytes()).hexdigest() == sample.sha256
        assert sample.thumbnail.is_file()


def test_samples_are_small_free_and_attributed() -> None:
    folder = SAMPLES_FILE.parent
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.suffix != ".pyc") < 3 * 2**20
    assert {sample.licence for sample in list_samples()} <= FREE_LICENCES
    assert all(sample.source and sample.changes and sample.url.startswith("https://") for sample in list_samples())


def test_there_is_a_slice_of_each_class_and_names_do_not_reveal_it() -> None:
    slices = [sample for sample in list_samples() if sample.name.startswith("slice-")]
    assert [sample.truth for sample in slices] == list(CLASS_NAMES)
    texts = [f"{sample.name} {sample.file} {sample.title}".lower() for sample in list_samples()]
    assert not any(name in text for text in texts for name in (*CLASS_NAMES, "tumor", "tumour"))


def test_scans_are_of_test_patients(root: Path) -> None:
    tables = [pd.read_csv(root / "outputs" / "dataset" / name, dtype=str) for name in ("manifest.csv", "external.csv")]
    rows = pd.concat(tables)
    test = rows[rows["split"] == "test"]
    others = set(rows.loc[rows["split"] != "test", "patient"].dropna())
    for sample in list_samples():
        path_or_patient = sample.source.split("(")[1].split(")")[0].removeprefix("patient ")
        matches = test[(test["path"] == path_or_patient) | (test["patient"] == path_or_patient)]
        assert not matches.empty, sample.name
        assert path_or_patient not in others


@pytest.mark.parametrize(("name", "planes"), [("study-1", set(Plane) - {Plane.UNKNOWN}), ("study-2", {Plane.AXIAL})])
def test_study_has_24_slices_with_spacing(name: str, planes: set[Plane]) -> None:
    sample = find_sample(name)
    assert sample is not None
    scans = _read(sample)
    assert len(scans) == 24
    assert all(isinstance(scan, Scan) and scan.spacing and scan.series for scan in scans)
    assert {scan.series.plane for scan in scans if isinstance(scan, Scan) and scan.series} == planes


def test_damaged_file_fails_with_a_sentence() -> None:
    sample = find_sample("damaged-file")
    assert sample is not None
    (scan,) = _read(sample)
    assert isinstance(scan, FailedScan)
    assert "truncated or damaged" in scan.problem


def test_served_model_names_the_head_ct(root: Path) -> None:
    sample, settings = find_sample("head-ct"), Settings(outputs=root / "outputs")
    assert sample is not None
    version = Settings.model_fields["version"].default  # the tests run with another one
    detection = Detector.load(version, settings).detect(sample.path)
    assert detection.verdict is Verdict.NOT_BRAIN_MRI
    assert "head CT" in detection.reason


def test_unknown_name_finds_nothing() -> None:
    assert find_sample("") is None
    assert {sample.tumor_class for sample in list_samples()} == {*CLASSES, None}
