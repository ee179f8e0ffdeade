"""Jobs by the API: started by large uploads, watched, cancelled, downloaded; and what administrators do."""

import csv
import io
import json
from typing import Any

import pytest

from braintumor.api.routes import jobs as job_routes
from braintumor.api.state import ServerState
from braintumor.jobs.queue import JobQueue
from braintumor.jobs.worker import Worker
from tests.helpers.api import API, Api, as_files, scan_png
from tests.helpers.scan_files.volumes import make_volume


def _work(api: Api) -> None:
    state: ServerState = api.state
    while Worker(state.storage, state.detectors, JobQueue(state.storage)).run_once():
        pass


def _start(api: Api, count: int = 5) -> dict[str, Any]:
    files = [("files", (f"{number}.png", scan_png(number))) for number in range(count)]
    response = api.client.post(f"{API}/scans", files=files)
    assert response.status_code == 202
    job: dict[str, Any] = response.json()
    assert response.headers["location"] == f"{API}/jobs/{job['id']}"
    return job


def test_many_files_are_read_in_the_background(api: Api) -> None:
    job = _start(api)
    assert (job["state"], job["total"], job["readings"]) == ("queued", 5, 0)
    _work(api)
    done = api.client.get(f"{API}/jobs/{job['id']}").json()
    assert (done["state"], done["done"], done["readings"]) == ("done", 5, 5)
    assert len(api.client.get(f"{API}/readings?job={job['id']}").json()["readings"]) == 5
    items = api.client.get(f"{API}/jobs/{job['id']}/items?rows=2&after=2").json()
    assert [item["name"] for item in items] == ["3.png", "4.png"]
    assert [entry["id"] for entry in api.client.get(f"{API}/jobs").json()] == [job["id"]]


def test_volume_is_read_in_the_background_and_its_csv_has_the_study(api: Api) -> None:
    response = api.client.post(f"{API}/scans", files=[("files", ("=volume.nii", make_volume()))])
    assert response.status_code == 202
    _work(api)
    content = api.client.get(f"{API}/jobs/{response.json()['id']}/results.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [row["level"] for row in rows].count("study") == 1
    assert all(row["name"].startswith("'=") for row in rows)


def test_events_follow_the_job_to_its_end(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_routes, "_POLL_SECONDS", 0.01)
    job = _start(api)
    original, polls = job_routes._read_again, iter(range(1_000))

    def poll(*arguments: Any) -> Any:
        if next(polls) == 2:
            _work(api)
        return original(*arguments)

    monkeypatch.setattr(job_routes, "_read_again", poll)
    with api.client.stream("GET", f"{API}/jobs/{job['id']}/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [json.loads(line[6:]) for line in response.iter_lines() if line.startswith("data: ")]
    assert [line["state"] for line in lines] == ["queued", "done"]


def test_events_end_with_the_token(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_routes, "_POLL_SECONDS", 0.01)
    job = _start(api)
    token = api.client.get(f"{API}/tokens").json()[0]["id"]
    original = job_routes._read_again

    def poll(*arguments: Any) -> Any:
        api.client.delete(f"{API}/tokens/{token}")
        return original(*arguments)

    monkeypatch.setattr(job_routes, "_read_again", poll)
    with api.client.stream("GET", f"{API}/jobs/{job['id']}/events") as response:
        text = response.read().decode()
    assert "event: error" in text
    assert "revoked" in text


def test_job_is_cancelled_and_reading_again_is_started(api: Api) -> None:
    job = _start(api)
    assert api.client.post(f"{API}/jobs/{job['id']}/cancel").json()["state"] == "cancelled"
    api.upload(a=scan_png(1))
    body = {"kind": "read-again", "version": "v3"}
    key = {"Idempotency-Key": "read-all-again"}
    started = api.client.post(f"{API}/jobs", json=body, headers=key)
    assert started.json()["total"] == 1
    assert api.client.post(f"{API}/jobs", json=body, headers=key).json()["id"] == started.json()["id"]
    _work(api)
    assert {row["version"] for row in api.client.get(f"{API}/readings").json()["readings"]} == {"v3", "v4"}
    assert api.client.post(f"{API}/jobs", json=body | {"version": "v9"}).status_code == 404


def test_too_many_open_jobs_are_refused(api: Api) -> None:
    for _ in range(20):
        _start(api)
    files = as_files(a=scan_png())
    refused = api.client.post(f"{API}/scans?background=true", files=files)
    assert (refused.status_code, "20 jobs" in refused.json()["detail"]) == (409, True)


def test_administrator_manages_users(administrator: Api) -> None:
    client = administrator.client
    invited = client.post(f"{API}/users", json={"email": "bob@example.org"})
    assert (invited.status_code, "/account/link?token=" in invited.json()["link"]) == (201, True)
    assert client.post(f"{API}/users", json={"email": "bob@example.org"}).status_code == 409
    assert client.post(f"{API}/users", json={"email": "bob"}).status_code == 409
    bob = next(user for user in client.get(f"{API}/users").json() if user["email"] == "bob@example.org")
    assert client.patch(f"{API}/users/{bob['id']}", json={"state": "disabled"}).json()["state"] == "disabled"
    assert client.patch(f"{API}/users/{bob['id']}", json={"role": "administrator"}).json()["role"] == "administrator"
    assert client.post(f"{API}/users/{bob['id']}/reset-link").status_code == 409
    assert client.delete(f"{API}/users/{bob['id']}").status_code == 204
    assert client.delete(f"{API}/users/{bob['id']}").status_code == 404
    myself = client.get(f"{API}/me").json()["id"]
    assert client.delete(f"{API}/users/{myself}").status_code == 409
    actions = [entry["action"] for entry in client.get(f"{API}/audit?rows=500").json()]
    assert {"user.invited", "user.disabled", "user.deleted"} <= set(actions)
    exported = client.get(f"{API}/audit.csv")
    number, *_, seal = exported.text.splitlines()[-1].split(",")
    assert exported.headers["x-audit-head"] == f"{number}:{seal}"


def test_token_is_revoked(api: Api) -> None:
    tokens = api.client.get(f"{API}/tokens").json()
    assert tokens[0]["name"] == "test"
    assert "token" not in tokens[0]
    assert api.client.delete(f"{API}/tokens/{tokens[0]['id']}").status_code == 204
    assert api.client.get(f"{API}/tokens").status_code == 401
