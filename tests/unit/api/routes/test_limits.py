"""Requests that are wrong, too large or too many: a problem in plain words, and no trace of it on disk."""

from pathlib import Path
from typing import Any

import pytest

from braintumor.api.transfer.uploads import _MAX_NAME
from tests.helpers.api import API, Api, api_settings, as_files, make_api, scan_png


def _problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (body["status"], bool(body["title"]), bool(body["detail"])) == (status, True, True)
    return body


def test_unknown_address_and_method_are_problems(api: Api) -> None:
    _problem(api.client.get("/api/v2/scans"), 404)
    _problem(api.client.get(f"{API}/scan"), 404)
    response = api.client.delete(f"{API}/readings")
    _problem(response, 405)
    assert response.headers["allow"] == "GET"


def test_invalid_values_are_named_without_being_repeated(api: Api) -> None:
    body = _problem(api.client.get(f"{API}/readings?rows=0&sort=secret-name"), 422)
    assert [error["field"] for error in body["errors"]] == ["query.sort", "query.rows"]
    assert "secret-name" not in str(body)
    _problem(api.client.get(f"{API}/readings/not-an-id"), 422)
    _problem(api.client.get(f"{API}/readings?read_from=2025-01-31T09:30:00"), 422)
    _problem(api.client.get(f"{API}/readings?read_from=0001-01-01T00:00:00%2B23:59"), 422)
    broken = api.client.post(f"{API}/jobs", content=b"{", headers={"Content-Type": "application/json"})
    _problem(broken, 422)


def test_upload_must_be_a_form_with_files(api: Api) -> None:
    _problem(api.client.post(f"{API}/predict", json={}), 415)
    _problem(api.client.post(f"{API}/predict", data={"files": "text"}, files={"other": b"x"}), 422)
    header = {"Content-Type": "multipart/form-data"}
    _problem(api.client.post(f"{API}/predict", content=b"x", headers=header), 400)


def test_body_that_is_no_json_is_refused_by_its_type(administrator: Api) -> None:
    for method, path in (("POST", "jobs"), ("POST", "users"), ("PATCH", f"users/{administrator.actor.id}")):
        for media_type in ("text/plain", "application/xml", "application/x-www-form-urlencoded"):
            headers = {"Content-Type": media_type}
            answer = administrator.client.request(method, f"{API}/{path}", content=b"a=1", headers=headers)
            assert "application/json" in _problem(answer, 415)["detail"]
    _problem(administrator.client.post(f"{API}/users", content=b'{"email": "a@example.org"}'), 415)


def test_user_stores_no_more_than_allowed(tmp_path: Path, model_outputs: Path) -> None:
    api = make_api(api_settings(tmp_path, model_outputs, user_bytes=40_000))
    saved = [api.client.post(f"{API}/scans", files=as_files(a=scan_png(number))).status_code for number in range(9)]
    first, last = saved.index(409), saved[-1]
    assert (saved[:first], last) == ([201] * first, 409)
    assert api.client.post(f"{API}/scans", files=as_files(a=scan_png(0))).status_code == 201  # stored already
    background = api.client.post(f"{API}/scans?background=true", files=as_files(a=bytes(40_000)))
    assert "Your storage limit is" in _problem(background, 409)["detail"]
    assert sum(len(api.state.storage.blobs.read_raw(each)) for each in api.state.storage.blobs.iter_hashes()) <= 40_000


@pytest.fixture
def small(tmp_path: Path, model_outputs: Path) -> Api:
    limits = dict.fromkeys(("max_bytes", "max_archive_bytes", "max_volume_bytes"), 50_000)
    return make_api(api_settings(tmp_path, model_outputs, max_files=3, max_unpacked_bytes=200_000, **limits))


def test_limits_of_files_and_request_are_kept(small: Api) -> None:
    many = [("files", (f"{number}.png", b"x")) for number in range(4)]
    assert "3 files" in _problem(small.client.post(f"{API}/predict", files=many), 413)["detail"]
    _problem(small.client.post(f"{API}/predict", files=as_files(a=bytes(60_000))), 413)
    _problem(small.client.post(f"{API}/predict", files=as_files(a=bytes(2_000_000))), 413)
    chunks = (bytes(100_000) for _ in range(30))
    header = {"Content-Type": "multipart/form-data; boundary=x"}
    assert small.client.post(f"{API}/predict", content=chunks, headers=header).status_code in (400, 413)
    assert small.client.post(f"{API}/predict", files=as_files(a=scan_png())).status_code == 200


def test_body_of_a_stranger_is_not_received(small: Api) -> None:
    received = []

    def chunks() -> Any:
        for number in range(3):
            received.append(number)
            yield bytes(10)

    stranger = small.client_with("bt_forged")
    header = {"Content-Type": "multipart/form-data; boundary=x"}
    _problem(stranger.post(f"{API}/scans", content=chunks(), headers=header), 401)


def test_uploads_of_one_user_at_the_same_time_are_limited(api: Api) -> None:
    with api.state.uploads.hold(str(api.actor.id)), api.state.uploads.hold(str(api.actor.id)):
        assert api.client.post(f"{API}/predict", files=as_files(a=scan_png())).status_code == 200
        with api.state.uploads.hold(str(api.actor.id)), api.state.uploads.hold(str(api.actor.id)):
            response = api.client.post(f"{API}/predict", files=as_files(a=scan_png()))
            assert response.headers["retry-after"] == "5"
            _problem(response, 429)
    assert api.client.post(f"{API}/predict", files=as_files(a=scan_png())).status_code == 200


def test_names_are_cut_and_never_used_as_paths(api: Api) -> None:
    name = f"{'../' * 400}x.png"
    saved = api.client.post(f"{API}/scans", files=[("files", (name, scan_png()))]).json()["readings"][0]
    assert saved["name"] == name[:_MAX_NAME]
    stored = sorted(path.name for path in (api.settings.data_dir / "blobs").rglob("*") if path.is_file())
    assert all(len(name) == 64 for name in stored)


def test_metrics_count_routes_and_no_addresses(administrator: Api) -> None:
    administrator.upload()
    administrator.client.get("/api/Jane_Doe")
    text = administrator.client.get("/metrics").text
    assert 'route="/api/v1/scans",status="201"' in text
    assert 'braintumor_readings_total{version="v4"} 1.0' in text
    assert 'braintumor_jobs{state="queued"} 0.0' in text
    assert "Jane" not in text


def test_metrics_are_read_by_address_with_a_token_only(administrator: Api) -> None:
    by_address = {"Host": "10.1.2.3:8501"}
    assert administrator.client.get("/metrics", headers=by_address).status_code == 200
    assert administrator.client.get(f"{API}/me", headers=by_address).status_code == 421
    without_token = by_address | {"Authorization": ""}
    assert administrator.client.get("/metrics", headers=without_token).status_code == 401


def test_documentation_uses_no_other_host(api: Api) -> None:
    redirect = api.client.get("/api/docs", follow_redirects=False)
    assert redirect.headers["location"] == "/account/login?next=%2Fapi%2Fdocs"
    script = api.client.get("/api/docs/start.js")
    policy = script.headers["content-security-policy"]
    assert "http" not in policy + script.text
    assert "script-src 'self';" in policy
    assert len(api.client.get("/api/docs/swagger-ui-bundle.js").content) > 100_000
    assert api.client.get("/api/docs/..%2F__init__.py").status_code == 404
    document = api.client.get(f"{API}/openapi.json").json()
    assert document["paths"][f"{API}/predict"]["post"]["x-codeSamples"]
