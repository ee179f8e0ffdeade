"""Upload, search, open, comment, download, delete and restore own scans."""

import csv
import io

from PIL import Image

from tests.helpers.accounts import audit_actions
from tests.helpers.api import API, Api, as_files, scan_png


def test_uploaded_scan_is_read_and_found(api: Api) -> None:
    saved = api.upload(scan=scan_png())["readings"][0]
    page = api.client.get(f"{API}/readings", params={"name": "SCAN", "version": "v4"}).json()
    assert [reading["reading_id"] for reading in page["readings"]] == [saved["reading_id"]]
    assert api.client.get(f"{API}/readings", params={"name": "other"}).json()["readings"] == []
    scan = api.client.get(f"{API}/scans/{saved['scan_id']}").json()
    assert (scan["name"], scan["has_scan"], len(scan["readings"])) == ("scan.png", True, 1)
    details = api.client.get(f"{API}/readings/{saved['reading_id']}").json()
    assert details["payload"]["reason"]


def test_search_for_an_unknown_verdict_lists_the_verdicts(api: Api) -> None:
    answer = api.client.get(f"{API}/readings", params={"verdict": "tumour"})
    assert answer.status_code == 422
    assert "tumor suspected" in answer.json()["detail"]
    assert api.client.get(f"{API}/readings", params={"verdict": "uncertain"}).json()["readings"] == []


def test_same_scan_is_saved_once(api: Api) -> None:
    first, second = (api.upload(scan=scan_png())["readings"][0]["reading_id"] for _ in range(2))
    assert first == second
    assert audit_actions(api.state.storage).count("reading.saved") == 1


def test_pages_continue_and_refuse_a_cursor_of_another_order(api: Api) -> None:
    api.upload(a=scan_png(1), b=scan_png(2), c=scan_png(3))
    first = api.client.get(f"{API}/readings?sort=name&order=ascending&rows=2").json()
    after = {"sort": "name", "order": "ascending", "after": first["next"]}
    second = api.client.get(f"{API}/readings", params=after).json()
    assert [row["name"] for row in first["readings"] + second["readings"]] == ["a.png", "b.png", "c.png"]
    assert second["next"] == ""
    assert api.client.get(f"{API}/readings", params={"after": first["next"]}).status_code == 422


def test_pictures_and_report_have_etags(api: Api) -> None:
    reading_id = api.upload()["readings"][0]["reading_id"]
    for name, start in (("image.png", b"\x89PNG"), ("overlay.png", b"\x89PNG"), ("report.pdf", b"%PDF")):
        response = api.client.get(f"{API}/readings/{reading_id}/{name}")
        assert response.content.startswith(start), response.text
        assert response.headers["cache-control"] == "private, no-cache"
        same = api.client.get(
            f"{API}/readings/{reading_id}/{name}", headers={"If-None-Match": response.headers["etag"]}
        )
        assert (same.status_code, same.content) == (304, b"")
    image = Image.open(io.BytesIO(api.client.get(f"{API}/readings/{reading_id}/image.png").content))
    assert image.size == (160, 160)


def test_picture_has_the_pixels_of_the_file(api: Api) -> None:
    content = scan_png(5)
    reading_id = api.upload(scan=content)["readings"][0]["reading_id"]
    stored = api.client.get(f"{API}/readings/{reading_id}/image.png").content
    assert Image.open(io.BytesIO(stored)).tobytes() == Image.open(io.BytesIO(content)).convert("L").tobytes()


def test_finding_is_saved_replaced_and_deleted(api: Api) -> None:
    reading_id = api.upload()["readings"][0]["reading_id"]
    address = f"{API}/readings/{reading_id}/finding"
    assert api.client.put(address, json={"opinion": "glioma", "comment": "=1+1"}).status_code == 204
    assert api.client.get(f"{API}/readings?opinion=glioma").json()["readings"][0]["comment"] == "=1+1"
    rows = list(csv.DictReader(io.StringIO(api.client.get(f"{API}/readings.csv").content.decode("utf-8-sig"))))
    assert (rows[0]["reader_finding"], rows[0]["reader_comment"]) == ("glioma", "'=1+1")
    assert api.client.delete(address).status_code == 204
    assert api.client.get(f"{API}/readings?opinion=glioma").json()["readings"] == []
    assert api.client.put(address, json={"opinion": "healthy"}).status_code == 422


def test_deleted_scan_can_be_restored(api: Api) -> None:
    saved = api.upload()["readings"][0]
    assert api.client.delete(f"{API}/scans/{saved['scan_id']}").status_code == 204
    assert api.client.get(f"{API}/readings/{saved['reading_id']}").status_code == 404
    assert len(api.client.get(f"{API}/readings?deleted=true").json()["readings"]) == 1
    assert api.client.post(f"{API}/scans/{saved['scan_id']}/restore").status_code == 204
    assert api.client.get(f"{API}/readings/{saved['reading_id']}").status_code == 200


def test_unreadable_file_is_reported_and_the_others_are_saved(api: Api) -> None:
    answer = api.upload(good=scan_png(), bad=b"no image")
    assert len(answer["readings"]) == 1
    assert answer["errors"][0]["name"] == "bad.png"
    refused = api.client.post(f"{API}/scans", files=as_files(bad=b"no image"))
    assert (refused.status_code, refused.json()["detail"].startswith("bad.png")) == (422, True)


def test_statistics_count_own_readings(api: Api) -> None:
    api.upload(a=scan_png(1), b=scan_png(2))
    numbers = api.client.get(f"{API}/statistics").json()
    assert (numbers["readings"], sum(numbers["by_verdict"].values()), numbers["by_version"]) == (2, 2, {"v4": 2})


def test_repeated_upload_with_a_key_does_nothing_twice(api: Api) -> None:
    key = {"Idempotency-Key": "nightly-upload-1"}
    first = api.client.post(f"{API}/scans", files=as_files(a=scan_png(1)), headers=key)
    again = api.client.post(f"{API}/scans", files=as_files(a=scan_png(1)), headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    other = api.client.post(f"{API}/scans", files=as_files(a=scan_png(2)), headers=key)
    assert (other.status_code, "new one" in other.json()["detail"]) == (422, True)
    failed = {"Idempotency-Key": "nightly-upload-2"}
    assert api.client.post(f"{API}/scans", files=as_files(a=b"x"), headers=failed).status_code == 422
    assert api.client.post(f"{API}/scans", files=as_files(a=scan_png(3)), headers=failed).status_code == 201


def test_stored_reading_is_explained_if_the_request_names_a_language(api: Api) -> None:
    address = f"{API}/readings/{api.upload()['readings'][0]['reading_id']}"
    assert api.client.get(address).json()["explanation"] is None
    explanation = api.client.get(address, params={"language": "ur"}).json()["explanation"]
    assert (explanation["language"], explanation["direction"]) == ("ur", "rtl")
    assert explanation["paragraphs"][0]["topic"] == "finding"
    reports = [api.client.get(f"{address}/report.pdf", params={"language": code}) for code in ("en", "de")]
    assert len({report.headers["etag"] for report in reports}) == 2
