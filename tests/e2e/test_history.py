"""A history that survives a restart, and accounts whose users see only what is their own."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, expect

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES
from tests.helpers.e2e.detection_page import upload
from tests.helpers.e2e.server import serve_all
from tests.helpers.e2e.user import PATIENCE, User, open_dashboard
from tests.helpers.storage.fixtures import BOTH, SQLITE, servers, storage_values

__all__ = ["servers"]

pytestmark = pytest.mark.slow

PASSWORD = "violet harbour kettle 9"


@pytest.fixture(params=BOTH)
def own(request: pytest.FixtureRequest, environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Variables of a server with a storage of its own, which is empty."""
    if request.param == SQLITE:
        return environment | {"BRAINTUMOR_DATA": str(tmp_path / "data")}
    values = storage_values(request, tmp_path)
    return environment | {f"BRAINTUMOR_{name.upper()}": str(value) for name, value in values.items()}


@pytest.fixture
def scans(tmp_path: Path) -> list[Path]:
    """One phantom of each class."""
    for number, label in enumerate(CLASSES):
        Image.fromarray(make_phantom(label, 4242 + number, 224).pixels).save(tmp_path / f"{label}.png")
    return sorted(tmp_path.glob("*.png"))


def test_history_survives_a_restart(browser: Browser, own: dict[str, str], scans: list[Path], tmp_path: Path) -> None:
    with serve_all(own) as (address, _), open_dashboard(browser, address) as user:
        user.go("History")
        assert "BRAINTUMOR_DATABASE" in own or not (tmp_path / "data").exists()
        _click(user, "Switch history on")
        user.go("Detection")
        upload(user, scans)
        _wait_until_saved(user, len(scans))
    with serve_all(own) as (address, _):
        with open_dashboard(browser, address, dark=True) as user:
            user.go("History")
            expect(_record_links(user)).to_have_count(len(scans))
            user.page.screenshot(path=tmp_path / "history-dark.png", full_page=True)
            _open_record(user, "glioma.png")
            user.page.screenshot(path=tmp_path / "record-dark.png", full_page=True)
            user.page.get_by_role("button", name="Delete", exact=True).click()
            _click(user, "Delete this scan")
            expect(_record_links(user)).to_have_count(len(scans) - 1)
            assert user.fits()
        with open_dashboard(browser, address) as user:
            user.go("History")
            expect(_record_links(user)).to_have_count(len(scans) - 1)
            user.page.screenshot(path=tmp_path / "history-light.png", full_page=True)
            assert _download(user, "ZIP with scans and overlays").read_bytes().startswith(b"PK")
            assert len(_download(user, "CSV").read_text("utf-8-sig").splitlines()) == len(scans)
            _open_record(user, "meningioma.png")
            user.choose("Agree")
            user.page.screenshot(path=tmp_path / "record-light.png", full_page=True)
            user.go("Dashboard")
            expect(user.page.get_by_text("3 readings")).to_be_visible()
            user.page.screenshot(path=tmp_path / "dashboard-light.png", full_page=True)


def test_users_see_only_their_own_records(
    browser: Browser, own: dict[str, str], scans: list[Path], tmp_path: Path
) -> None:
    with serve_all(own | {"BRAINTUMOR_ACCOUNTS": "on"}) as (address, log):
        match = re.search(r"http://\S+/account/link\?token=\S+", log.read_text(encoding="utf-8"))
        assert match is not None
        with _join(browser, address, match[0], "admin@example.org") as admin:
            record = _save_one(admin, scans[0])
            admin.go("Administration")
            admin.page.get_by_label("E-mail address").fill("bob@example.org")
            _click(admin, "Create invitation link")
            link = admin.page.locator(".st-key-one-time-link-box code").inner_text()
            admin.page.screenshot(path=tmp_path / "administration-light.png", full_page=True)
            with _join(browser, address, link, "") as bob:
                expect(bob.page.get_by_role("banner").get_by_role("link", name="Administration")).to_have_count(0)
                bob.go("History")
                expect(bob.page.get_by_text("No records yet")).to_be_visible()
                bob.is_answer_pending = True
                bob.page.goto(record)
                expect(bob.page.get_by_text("Record not found.")).to_be_visible()
                _save_one(bob, scans[1])
            admin.go("History")
            expect(_record_links(admin)).to_have_text([scans[0].name])
            admin.go("Administration")
            admin.page.get_by_role("tab", name="Audit log").click()
            admin.settle()
            admin.page.screenshot(path=tmp_path / "audit-light.png", full_page=True)
            admin.page.locator(".st-key-account button").click()
            admin.page.get_by_role("link", name="Log out").click()
            admin.page.get_by_role("button", name="Log out").click()
            expect(admin.page.get_by_role("heading", name="Log in")).to_be_visible()
            admin.page.goto(record)
            expect(admin.page.get_by_role("heading", name="Log in")).to_be_visible()


@contextmanager
def _join(browser: Browser, address: str, link: str, email: str) -> Iterator[User]:
    """Create an account by link in a new browser; the name is that before the @."""
    context = browser.new_context(accept_downloads=True)
    context.set_default_timeout(1000 * PATIENCE)
    user = User(context.new_page())
    parts = urlsplit(link)
    user.page.goto(f"{address}{parts.path}?{parts.query}")
    if email:
        user.page.locator("#email").fill(email)
    user.page.locator("#name").fill(email.partition("@")[0] or "bob")
    user.page.locator("#password").fill(PASSWORD)
    user.page.get_by_role("button").click()
    user.page.goto(address)
    expect(user.page.get_by_role("heading", level=1)).to_be_visible()
    user.settle()
    yield user
    context.close()
    assert user.hosts == {urlsplit(address).netloc}


def _save_one(user: User, scan: Path) -> str:
    """Read and save a scan, and return the address of its record."""
    user.go("Detection")
    upload(user, [scan])
    _wait_until_saved(user, 1)
    user.go("History")
    _open_record(user, scan.name)
    return user.page.url


def _wait_until_saved(user: User, count: int) -> None:
    text = re.compile(rf"{count} readings? saved (?!.*waiting)")
    expect(user.page.locator(".st-key-saving")).to_contain_text(text)
    user.settle()


def _open_record(user: User, name: str) -> None:
    user.page.get_by_role("button", name=name, exact=True).click()
    expect(user.page.get_by_role("heading", name=name)).to_be_visible()
    expect(user.page.get_by_role("img", name=name)).to_be_visible()
    user.settle()


def _record_links(user: User) -> Locator:
    return user.page.locator("[class*=st-key-open-] button")


def _click(user: User, label: str) -> None:
    user.page.get_by_role("button", name=label, exact=True).click()
    user.settle()


def _download(user: User, label: str) -> Path:
    button = user.page.get_by_role("button", name=label, exact=True)
    if not button.is_visible():
        user.page.get_by_role("button", name="Download").click()
    with user.page.expect_download() as event:
        button.click()
    return event.value.path()
