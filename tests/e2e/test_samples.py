"""From a new server to the verdict on a sample in two clicks, with the model that ships with the repository."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from braintumor.enums import Verdict
from braintumor.text import VERDICT_TITLES
from tests.helpers.e2e.server import serve_all
from tests.helpers.e2e.user import DESKTOP, PHONE, open_dashboard

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_sample_has_a_verdict_within_two_clicks(browser: Browser, tmp_path: Path, size: dict[str, int]) -> None:
    environment = {"BRAINTUMOR_DATA": str(tmp_path / "data"), "BRAINTUMOR_INPUTS": str(tmp_path / "inputs")}
    with serve_all(environment) as (address, _), open_dashboard(browser, address, size) as user:  # type: ignore[arg-type]
        clicks = [user.page.get_by_role("button", name="Slice 1", exact=True)]
        for target in clicks:
            target.click()
        verdict = user.page.get_by_role("heading", name=VERDICT_TITLES[Verdict.TUMOR_SUSPECTED])
        expect(verdict.first).to_be_visible()
        expect(user.page.get_by_text("This is a sample.")).to_be_visible()
        assert len(clicks) <= 2
        assert not user.failed_requests
