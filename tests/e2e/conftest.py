"""The dashboard served for real on phantoms, and Chromium to visit it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from braintumor.settings import Settings
from tests.helpers.artifacts import build_artifacts
from tests.helpers.e2e.server import NO_CHROMIUM, find_chromium, opened, served


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; without one, the journeys are skipped."""
    found = find_chromium()
    if found is None:
        pytest.skip(NO_CHROMIUM)
    return found


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A complete outputs folder from phantoms."""
    return build_artifacts(tmp_path_factory.mktemp("artifacts"))


@pytest.fixture(scope="session")
def address(chromium: str, built: Settings) -> Iterator[str]:
    """Where the dashboard answers."""
    with served({"BRAINTUMOR_INPUTS": str(built.inputs), "BRAINTUMOR_OUTPUTS": str(built.outputs)}) as address:
        yield address


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium for all journeys."""
    with opened(chromium) as browser:
        yield browser
