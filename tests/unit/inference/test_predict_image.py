"""predict_image: the model is loaded once per version, card and settings."""

import os

import pytest

from braintumor.errors import ArtifactError, ScanError
from braintumor.inference import Detector, predict_image
from braintumor.settings import Settings, get_settings
from tests.golden.draw import SCANS
from tests.helpers.versions.tiny import write_version

FILE = SCANS / "l.png"


@pytest.fixture
def loads(workspace: Settings, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write a version and return the list of versions that are loaded, which grows with each load."""
    write_version(workspace.outputs)
    names: list[str] = []
    load = Detector.load

    def counted(version: str, settings: Settings) -> Detector:
        names.append(version)
        return load(version, settings)

    monkeypatch.setattr(Detector, "load", counted)
    return names


def test_result_equals_that_of_a_detector(loads: list[str], workspace: Settings) -> None:
    detection, expected = predict_image(FILE), Detector.load("v1", workspace).detect(FILE)
    assert (detection.name, detection.verdict, detection.probabilities) == (
        "l.png",
        expected.verdict,
        expected.probabilities,
    )


def test_model_is_loaded_once(loads: list[str]) -> None:
    assert predict_image(FILE).probabilities == predict_image(FILE.read_bytes(), "v1").probabilities
    assert loads == ["v1"]


def test_each_version_is_loaded_once(loads: list[str], workspace: Settings) -> None:
    write_version(workspace.outputs, "v2")
    assert [predict_image(FILE, version).model_version for version in ("v1", "v2", "v1", "v2")] == ["v1", "v2"] * 2
    assert loads == ["v1", "v2"]


def test_version_is_loaded_again_when_its_card_changes(loads: list[str], workspace: Settings) -> None:
    before = predict_image(FILE)
    folder = write_version(workspace.outputs, temperature=4.0)
    os.utime(folder / "card.json", ns=(1, 1))  # so that the times differ on a file system with coarse times
    assert predict_image(FILE).probabilities != before.probabilities
    assert loads == ["v1", "v1"]


def test_changed_settings_apply_at_once(loads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    predict_image(FILE)
    monkeypatch.setenv("BRAINTUMOR_MAX_BYTES", "10")
    get_settings.cache_clear()
    with pytest.raises(ScanError, match="larger than"):
        predict_image(FILE)


def test_missing_version_is_reported(loads: list[str]) -> None:
    with pytest.raises(ArtifactError, match="no model 'v9' \\(available: v1\\)"):
        predict_image(FILE, "v9")


def test_version_written_after_a_failed_call_is_loaded(loads: list[str], workspace: Settings) -> None:
    with pytest.raises(ArtifactError):
        predict_image(FILE, "v2")
    write_version(workspace.outputs, "v2")
    assert predict_image(FILE, "v2").model_version == "v2"
