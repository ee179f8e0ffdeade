"""The Practice page on a fixed round, with and without the image set."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from braintumor.datasets.manifest import read_manifest
from braintumor.reader_study.cases import Case, sample_cases
from braintumor.settings import Settings, get_settings
from tests.app.conftest import Open
from tests.helpers.apptest.practice import ROUND, open_round


@pytest.fixture
def practice(artifacts: Settings, open_page: Open) -> AppTest:
    """The page on a fixed round of the image set."""
    return open_round(open_page)


@pytest.fixture
def cases(artifacts: Settings) -> tuple[Case, ...]:
    """The cases of that round."""
    return sample_cases(read_manifest(artifacts), ROUND)


@pytest.fixture
def without_images(artifacts: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A model, but no image set."""
    monkeypatch.setenv("BRAINTUMOR_INPUTS", str(tmp_path / "nothing"))
    get_settings.cache_clear()
    return get_settings()
