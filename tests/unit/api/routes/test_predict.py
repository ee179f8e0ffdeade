"""`POST /predict`: the results of the detector, and nothing stored."""

import csv
import io
import zipfile

import pytest

from braintumor.inference import Detector
from tests.helpers.api import API, Api, as_files, scan_png


def test_answer_has_the_numbers_of_the_detector(api: Api) -> None:
    response = api.client.post(f"{API}/predict", files=as_files(scan=scan_png()))
    assert response.status_code == 200
    detection = Detector.load("v4", api.settings).detect(scan_png(), "scan.png")
    row = response.json()["rows"][0]
    assert (row["name"], row["verdict"], row["sha256"]) == ("scan.png", str(detection.verdict), detection.sha256)
    assert row["tumor_probability"] == pytest.approx(detection.tumor_probability)
    assert row["reason"] == detection.reason


def test_nothing_is_stored(api: Api) -> None:
    api.client.post(f"{API}/predict", files=as_files(scan=scan_png()))
    assert api.client.get(f"{API}/readings").json() == {"readings": [], "next": ""}
    assert list(api.state.storage.blobs.iter_hashes()) == []


def test_unreadable_files_and_archives_give_rows(api: Api) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("inner.png", scan_png(8))
        file.writestr("../../outside.png", scan_png(9))
    files = [*as_files(broken=b"no image"), ("files", ("all.zip", archive.getvalue()))]
    rows = api.client.post(f"{API}/predict", files=files).json()["rows"]
    assert [(row["name"], bool(row["error"])) for row in rows] == [
        ("broken.png", True),
        ("all.zip/inner.png", False),
        ("all.zip/../../outside.png", True),
    ]


def test_csv_starts_no_formula_and_keeps_paths_as_names(api: Api) -> None:
    names = ["=HYPERLINK(1).png", "../../etc/passwd", "..\\..\\a.png", "@a.png"]
    files = [("files", (name, scan_png(number))) for number, name in enumerate(names)]
    response = api.client.post(f"{API}/predict", files=files, headers={"Accept": "text/csv"})
    assert response.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [row["name"] for row in rows] == ["'=HYPERLINK(1).png", "../../etc/passwd", "..\\..\\a.png", "'@a.png"]


def test_version_is_chosen_by_name_and_never_by_path(api: Api) -> None:
    for version, status in (("v3", 200), ("v9", 404), ("../outputs/v4", 404)):
        response = api.client.post(f"{API}/predict?version={version}", files=as_files(scan=scan_png()))
        assert response.status_code == status
    assert "/api/v1/models" in response.json()["detail"]


def test_models_and_cards_are_listed(api: Api) -> None:
    models = api.client.get(f"{API}/models").json()
    assert [(model["version"], model["is_default"]) for model in models] == [("v3", False), ("v4", True)]
    card = api.client.get(f"{API}/models/v4/card")
    assert card.json()["version"] == "v4"
    same = api.client.get(f"{API}/models/v4/card", headers={"If-None-Match": card.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert api.client.get(f"{API}/models/..%2Fv4/card").status_code == 404


def test_rows_are_explained_in_the_language_of_the_request(api: Api) -> None:
    files = as_files(scan=scan_png(), broken=b"no image")
    rows = api.client.post(f"{API}/predict?language=ar", files=files, headers={"Accept-Language": "de"}).json()["rows"]
    explained = {row["name"]: row["explanation"] for row in rows}
    assert explained["broken.png"] is None
    assert (explained["scan.png"]["language"], explained["scan.png"]["direction"]) == ("ar", "rtl")
    response = api.client.post(f"{API}/predict", files=as_files(scan=scan_png()), headers={"Accept-Language": "fr-CA"})
    (row,) = response.json()["rows"]
    assert row["explanation"]["language"] == "fr"
    assert row["explanation"]["paragraphs"][0]["text"].startswith("Sur cette coupe")


def test_language_without_explanations_is_refused(api: Api) -> None:
    response = api.client.post(f"{API}/predict?language=xx", files=as_files(scan=scan_png()))
    assert response.status_code == 422
