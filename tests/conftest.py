"""What every test may use: settings of its own, a workspace of its own, and real scans where they are."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from braintumor.settings import Settings, get_settings

ROOT = Path(__file__).resolve().parents[1]

# Tests train, build and read a v1 of their own, whatever version is shipped as the default.
os.environ["BRAINTUMOR_VERSION"] = "v1"

# A busy machine is no bug: no test fails for being slow.
hypothesis.settings.register_profile("project", deadline=None)
hypothesis.settings.load_profile("project")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests marked `real` where the image set has not been fetched."""
    folder = get_settings().dataset
    get_settings.cache_clear()
    if (folder / "Training").is_dir() and (folder / "Testing").is_dir():
        return
    absent = pytest.mark.skip(reason="the image set is absent; fetch it with: .venv/bin/braintumor data fetch")
    for item in items:
        if item.get_closest_marker("real"):
            item.add_marker(absent)


@pytest.fixture(scope="module", autouse=True)
def _old_objects_not_collected() -> None:
    """Leave tests, modules and caches out of garbage collections: Streamlit makes one after every run (0.3 s each)."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _fresh_settings() -> Iterator[None]:
    """Settings are read anew in each test, so that one may change the environment without touching the next."""
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture(autouse=True)
def _own_main() -> Iterator[None]:
    """Streamlit's AppTest puts the page in place of `__main__`, which every spawned process would then run."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout under test."""
    return ROOT


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings whose inputs, outputs and cache are folders of this test alone."""
    monkeypatch.delenv("BRAINTUMOR_CACHE", raising=False)
    for name in ("inputs", "outputs"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(f"BRAINTUMOR_{name.upper()}", str(tmp_path / name))
    get_settings.cache_clear()
    return get_settings()
