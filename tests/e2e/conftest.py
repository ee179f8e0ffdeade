"""The dashboard served on phantoms, and Chromium to use it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from braintumor.settings import Settings
from tests.helpers.artifacts import build_artifacts
from tests.helpers.e2e.server import NO_CHROMIUM, find_chromium, launch_chromium, serve_dashboard
from tests.helpers.e2e.user import User, open_dashboard


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of Chromium; without it, the tests are skipped."""
    path = find_chromium()
    if path is None:
        pytest.skip(NO_CHROMIUM)
    return path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A complete outputs folder built from phantoms."""
    return build_artifacts(tmp_path_factory.mktemp("artifacts"))


@pytest.fixture(scope="session")
def environment(built: Settings) -> dict[str, str]:
    """Variables of a server with these outputs; nothing is stored in the checkout."""
    data = str(built.outputs.with_name("data"))
    return {
        "BRAINTUMOR_INPUTS": str(built.inputs), "BRAINTUMOR_OUTPUTS": str(built.outputs), "BRAINTUMOR_DATA": data,
    }  # fmt: skip


@pytest.fixture(scope="session")
def address(chromium: str, environment: dict[str, str]) -> Iterator[str]:
    """Address of the dashboard."""
    with serve_dashboard(environment) as address:
        yield address


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium for all tests."""
    with launch_chromium(chromium) as browser:
        yield browser


@pytest.fixture
def user(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[User]:
    """A user in a new session; a parameter gives the screen size and whether the theme is dark."""
    with open_dashboard(browser, address, *getattr(request, "param", ())) as user:
        yield user
