"""A phantom data set, audited, split and explored once for all tests of this folder."""

import pandas as pd
import pytest

from braintumor.datasets.audit import audit_dataset
from braintumor.datasets.manifest import read_manifest
from braintumor.datasets.masks import fetch_masks
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.datasets.splits import split_dataset
from braintumor.exploration.explore import explore_dataset
from braintumor.exploration.statistics import Statistics, load_statistics
from braintumor.settings import Settings


@pytest.fixture(scope="session")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Create phantoms with manifest and masks, not explored yet."""
    folder = tmp_path_factory.mktemp("set")
    settings = Settings(inputs=folder / "inputs", outputs=folder / "outputs", workers=1)
    write_phantoms(settings.dataset, per_class=30, seed=5)
    fetch_masks(settings.dataset / "masks", settings)
    audit_dataset(settings)
    split_dataset(settings=settings)
    return settings


@pytest.fixture(scope="session")
def explored(audited: Settings) -> Settings:
    """Explore the same data set, which fills `outputs/dataset`."""
    explore_dataset(audited)
    return audited


@pytest.fixture(scope="session")
def manifest(audited: Settings) -> pd.DataFrame:
    """Read the manifest of the data set."""
    return read_manifest(audited)


@pytest.fixture(scope="session")
def statistics(explored: Settings) -> Statistics:
    """Read the statistics of the data set."""
    return load_statistics(explored.dataset_outputs / "statistics.npz")
