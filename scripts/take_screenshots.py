"""Take the screenshots of README and documentation: the pages as served, with the samples of the package.

    python -m scripts.take_screenshots

Needs Chromium. The pictures differ a little between versions of Chromium and its fonts, so no test compares them.
"""

import tempfile
from collections.abc import Callable
from typing import Final

from playwright.sync_api import Browser, ViewportSize

from braintumor.samples import list_samples
from tests.helpers.e2e.detection_page import upload
from tests.helpers.e2e.server import NO_CHROMIUM, ROOT, find_chromium, launch_chromium, serve_dashboard
from tests.helpers.e2e.user import PHONE, User, open_dashboard

_FOLDER: Final = ROOT / "docs" / "images"
_WIDE: Final[ViewportSize] = {"width": 1440, "height": 1180}


def main() -> None:
    """Write every picture."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit(NO_CHROMIUM)
    with tempfile.TemporaryDirectory() as folder, launch_chromium(chromium) as browser:
        environment = {"BRAINTUMOR_INPUTS": f"{folder}/inputs", "BRAINTUMOR_DATA": f"{folder}/data"}
        with serve_dashboard(environment) as address:
            _take(browser, address, "detection", _read_samples, _WIDE)
            _take(browser, address, "detection-dark", _read_samples, _WIDE, dark=True)
            _take(browser, address, "detection-phone", _read_samples_on_phone, PHONE)
            _take(browser, address, "visualizer", lambda user: user.go("Visualizer"), _WIDE)


def _take(
    browser: Browser, address: str, name: str, act: Callable[[User], None], size: ViewportSize, *, dark: bool = False
) -> None:
    """Write the picture of what a user sees after some actions."""
    path = _FOLDER / f"{name}.png"
    with open_dashboard(browser, address, size, dark) as user:
        act(user)
        user.page.screenshot(path=path)
    print(path.relative_to(ROOT))


def _read_samples(user: User) -> None:
    """Upload the samples of single slices; the most suspicious one is selected."""
    user.go("Detection")
    upload(user, [sample.path for sample in list_samples() if sample.name.startswith("slice-")])


def _read_samples_on_phone(user: User) -> None:
    _read_samples(user)
    user.page.locator(".viewport").first.scroll_into_view_if_needed()


if __name__ == "__main__":
    main()
