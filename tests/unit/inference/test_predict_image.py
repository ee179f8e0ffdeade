"""One call from an image to its reading: the model is loaded once, and anew where it must be."""

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
    """A workspace with a version; the list grows with each version that is loaded."""
    write_version(workspace.outputs)
    names: list[str] = []
    load = Detector.load

    def counted(version: str, settings: Settings) -> Detector:
        names.append(version)
        return load(version, settings)

    monkeypatch.setattr(Detector, "load", counted)
    return names


def test_it_says_what_a_detector_says(loads: list[str], workspace: Settings) -> None:
    found, expected = predict_image(FILE), Detector.load("v1", workspace).detect(FILE)
    assert (found.name, found.verdict, found.probabilities) == ("l.png", expected.verdict, expected.probabilities)


def test_the_model_is_loaded_once(loads: list[str]) -> None:
    assert predict_image(FILE).probabilities == predict_image(FILE.read_bytes(), "v1").probabilities
    assert loads == ["v1"]


def test_each_version_is_kept_apart(loads: list[str], workspace: Settings) -> None:
    write_version(workspace.outputs, "v2")
    assert [predict_image(FILE, version).model_version for version in ("v1", "v2", "v1", "v2")] == ["v1", "v2"] * 2
    assert loads == ["v1", "v2"]


def test_a_version_written_anew_is_loaded_anew(loads: list[str], workspace: Settings) -> None:
    before = predict_image(FILE)
    folder = write_version(workspace.outputs, temperature=4.0)
    os.utime(folder / "card.json", ns=(1, 1))  # a clock too coarse to tell the two apart is no matter
    assert predict_image(FILE).probabilities != before.probabilities
    assert loads == ["v1", "v1"]


def test_other_settings_apply_at_once(loads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    predict_image(FILE)
    monkeypatch.setenv("BRAINTUMOR_MAX_BYTES", "10")
    get_settings.cache_clear()
    with pytest.raises(ScanError, match="larger than"):
        predict_image(FILE)


def test_a_version_that_is_not_there_is_named(loads: list[str]) -> None:
    with pytest.raises(ArtifactError, match="no model 'v9' \\(available: v1\\)"):
        predict_image(FILE, "v9")


def test_a_version_that_was_missing_is_found_once_it_is_there(loads: list[str], workspace: Settings) -> None:
    with pytest.raises(ArtifactError):
        predict_image(FILE, "v2")
    write_version(workspace.outputs, "v2")
    assert predict_image(FILE, "v2").model_version == "v2"
