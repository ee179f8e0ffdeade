"""A phantom data set, explored once, for the tests of the Visualizer page."""

import shutil
from pathlib import Path

import pytest

from braintumor.datasets.audit import audit_dataset
from braintumor.datasets.masks import fetch_masks
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.datasets.splits import split_dataset
from braintumor.exploration.explore import explore_dataset
from braintumor.settings import Settings, get_settings
from tests.helpers.apptest.visualizer import clear_caches


@pytest.fixture(scope="session")
def explored_dataset(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Create phantoms with masks, audited, split and explored."""
    folder = tmp_path_factory.mktemp("explored")
    settings = Settings(inputs=folder / "inputs", outputs=folder / "outputs", workers=1)
    write_phantoms(settings.dataset, per_class=24, seed=5)
    fetch_masks(settings.dataset / "masks", settings)
    audit_dataset(settings)
    split_dataset(settings=settings)
    explore_dataset(settings)
    return settings


@pytest.fixture
def explored(explored_dataset: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Use a copy of the outputs of the explored data set."""
    shutil.copytree(explored_dataset.outputs, tmp_path / "outputs")
    monkeypatch.setenv("BRAINTUMOR_INPUTS", str(explored_dataset.inputs))
    monkeypatch.setenv("BRAINTUMOR_OUTPUTS", str(tmp_path / "outputs"))
    clear_caches()
    return get_settings()


@pytest.fixture
def without_images(explored: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Use the explored data set without its images."""
    monkeypatch.setenv("BRAINTUMOR_INPUTS", str(tmp_path / "none"))
    clear_caches()
    return get_settings()
