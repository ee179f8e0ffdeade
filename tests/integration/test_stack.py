"""A deployment with PostgreSQL, S3 and a worker: from the first login to records that survive a restart.

The parts are started here, unless the variables `STACK_ADDRESS` and `STACK_COMPOSE` name containers that are running.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from braintumor.client import Client
from tests.helpers.accounts import PASSWORD
from tests.helpers.api import scan_png
from tests.helpers.e2e.stack import Stack, open_stack

pytestmark = pytest.mark.slow
_EMAIL = "root@example.org"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with open_stack(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


def test_records_of_an_administrator_survive_a_restart(stack: Stack, tmp_path: Path) -> None:
    for probe in ("livez", "readyz"):
        assert httpx2.get(f"{stack.address}/{probe}").json() == {"status": "ok"}
    token = _join_and_create_token(stack.address, stack.run("users", "add", _EMAIL, "--administrator"))
    (tmp_path / "scan.png").write_bytes(scan_png())
    with Client(stack.address, token) as client:
        assert [row["error"] for row in client.predict(tmp_path / "scan.png")] == [None]
        job = client.wait(client.upload(tmp_path / "scan.png", background=True)["id"])
        assert (job["state"], job["readings"]) == ("done", 1)
    stack.restart()
    with Client(stack.address, token) as client:
        reading = next(client.readings(name="scan"))
        assert client.download(f"readings/{reading['reading_id']}/image.png").startswith(b"\x89PNG")
    metrics = f"{stack.address}/metrics"
    assert httpx2.get(metrics).status_code == 401
    assert 'braintumor_jobs{state="done"} 1.0' in httpx2.get(metrics, headers=_bearer(token)).text
    assert "No problems." in stack.run("db", "check", "--repair")  # the restart may have interrupted a removal


def _join_and_create_token(address: str, output: str) -> str:
    link = re.search(r"/account/link\?token=(\S+)", output)
    assert link, output
    with httpx2.Client(base_url=address, headers={"Sec-Fetch-Site": "same-origin"}, timeout=600) as browser:
        fields = {"token": link[1], "email": _EMAIL, "name": "Root", "password": PASSWORD}
        assert browser.post("/account/link", data=fields | _form_token(browser, link[0])).status_code == 303
        fields = {"name": "test", "scopes": "read write admin", "days": "1", "password": PASSWORD}
        page = browser.post("/account/tokens", data=fields | _form_token(browser, "/account")).text
    token = re.search(r"bt_[\w-]+", page)
    assert token, page
    return token[0]


def _form_token(browser: httpx2.Client, page: str) -> dict[str, str]:
    value = re.search(r'name="form_token" value="(\w+)"', browser.get(page).text)
    assert value
    return {"form_token": value[1]}


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
