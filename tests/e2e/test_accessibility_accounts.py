"""Axe finds no problem on pages with stored records and on account pages, in both themes and on a phone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from braintumor.auth.links import link_url
from braintumor.auth.users import invite_user
from braintumor.db.records import save_readings
from braintumor.db.search import SearchQuery, search
from braintumor.db.storage import open_storage
from braintumor.db.tables import UserRole
from braintumor.db.tables.records import STUDY
from braintumor.inference import Detector
from braintumor.services.file_groups import group_files
from braintumor.services.reading_result import ReadingOptions
from braintumor.services.records.reading_record import hash_card, make_record
from braintumor.services.records.study_record import make_study_record
from braintumor.services.upload_reading import UploadReader
from braintumor.settings import Settings
from tests.e2e.test_accessibility import find_problems
from tests.helpers.accounts import add_user
from tests.helpers.e2e.server import serve_all
from tests.helpers.e2e.user import DESKTOP, PATIENCE, PHONE, User
from tests.helpers.studies.volumes import make_phantom_volume

pytestmark = pytest.mark.slow

_CLOSED = ("login", "register", "reset")
_OPEN = ("", "delete", "logout")


class _File:
    name = "brain.nii"

    def getvalue(self) -> bytes:
        return make_phantom_volume(slices=4, side=40)


@dataclass(frozen=True)
class Site:
    """A server with an administrator who has stored a study and its slices."""

    address: str
    cookie: str
    link: str
    records: tuple[str, str]


@pytest.fixture(scope="module")
def site(environment: dict[str, str], built: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("accounts") / "data"
    storage = open_storage(Settings(data=data, accounts=True))
    cookie, visitor = add_user(storage, "root@example.org", UserRole.ADMINISTRATOR)
    detector = Detector.load("v1", built)
    card = hash_card(detector.artifact)
    reader = UploadReader(detector, ReadingOptions(keep_scan=True))
    readings = list(reader.read(group_files([_File()], lambda file: file.name)))
    saved = save_readings(storage, visitor.actor, [make_record(reading, card) for reading in readings])
    stored = {reading.id: ids.scan_id for reading, ids in zip(readings, saved, strict=True)}
    study = make_study_record(reader.studies()[0], readings, stored, card)
    records = [save_readings(storage, visitor.actor, [study])[0].reading_id, saved[0].reading_id]
    assert len(search(storage, visitor.actor, SearchQuery(level=STUDY)).records) == 1
    link = link_url("", invite_user(storage, visitor.actor, "bob@example.org", UserRole.READER))
    storage.close()
    own = {"BRAINTUMOR_DATA": str(data), "BRAINTUMOR_ACCOUNTS": "on", "BRAINTUMOR_REGISTRATION": "open"}
    with serve_all(environment | own) as (address, _):
        yield Site(address, cookie, link, (str(records[0]), str(records[1])))


@contextmanager
def _open(browser: Browser, site: Site, size: ViewportSize, *, dark: bool, cookie: str) -> Iterator[Page]:
    # Axe is a script of the test, which the server's policy would refuse.
    context = browser.new_context(viewport=size, color_scheme="dark" if dark else "light", bypass_csp=True)
    context.set_default_timeout(1000 * PATIENCE)
    if cookie:
        context.add_cookies([{"name": "braintumor", "value": cookie, "url": site.address}])
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    ("size", "dark"), [(DESKTOP, False), (DESKTOP, True), (PHONE, False)], ids=["light", "dark", "phone"]
)
def test_axe_reports_nothing(browser: Browser, site: Site, size: ViewportSize, dark: bool) -> None:
    problems: list[str] = []
    with _open(browser, site, size, dark=dark, cookie="") as page:
        for path in (*(f"/account/{name}" for name in _CLOSED), site.link):
            page.goto(site.address + path)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            problems += find_problems(User(page), path)
    with _open(browser, site, size, dark=dark, cookie=site.cookie) as page:
        for name in _OPEN:
            page.goto(f"{site.address}/account/{name}".rstrip("/"))
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            problems += find_problems(User(page), name or "account")
        user = User(page)
        for path in ("history", *(f"history?record={record}" for record in site.records), "dashboard"):
            _load(user, f"{site.address}/{path}")
            problems += find_problems(user, path)
            assert user.fits()
        _load(user, f"{site.address}/administration")
        for tab in ("Users", "Storage and jobs", "Audit log"):
            user.open_tab(tab)
            problems += find_problems(user, tab)
    assert problems == []


def _load(user: User, url: str) -> None:
    user.is_answer_pending = True
    user.page.goto(url)
    expect(user.page.get_by_role("heading", level=1)).to_be_visible()
    user.settle()
