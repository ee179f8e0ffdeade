"""The Detection page: a verdict in words for each scan, one row a file, the CSV of the contract, never a traceback."""

import csv
import hashlib
import io
import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app_pages.components.detection import reading_job
from app_pages.components.detection.downloads import filename_timestamp, make_csv, make_pdf, make_zip
from app_pages.components.detection.readings import Reading
from app_pages.components.detection.worklist import ReadingStatus, reading_status
from app_pages.components.shared.formatting import VERDICT_TITLES
from braintumor.enums import CLASSES
from braintumor.inference import Detector
from braintumor.reporting.csv_export import COLUMNS
from braintumor.settings import Settings, get_settings
from tests.app.conftest import Open, Upload, words
from tests.helpers.detection_apptest import choose, settle, shown, strip, upload
from tests.helpers.phi_dicom import planted

CONTRACT = (
    "timestamp,name,result,verdict,tumor_probability,p_glioma,p_meningioma,p_notumor,p_pituitary,novelty,"
    "model_version,sha256,error"
)
BROKEN: Upload = ("cut.jpg", b"\xff\xd8\xff\xe0 cut short", "image/jpeg")


def _rows(app: AppTest) -> list[dict[str, str]]:
    """What the CSV button would hand out now."""
    room = app.session_state["reading-room"]
    content = make_csv(room.readings(), app.session_state["reading-opinions"])
    assert content.decode("utf-8").splitlines()[0] == ",".join(COLUMNS)
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"))))


def test_each_scan_gets_a_verdict_in_words(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, scans)
    found = {name: Detector.load("v1").detect(content, name) for name, content, _ in scans}
    assert {entry["title"] for entry in shown(app)["entries"]} == set(found)
    for number in range(len(scans)):
        choose(app, number)
        read = found[shown(app)["scan"]["name"]]
        assert any(VERDICT_TITLES[read.verdict] in heading.value for heading in app.header)
        assert any(read.reason in text.value for text in app.markdown)
        assert len(app.get("plotly_chart")) == 1
        assert shown(app)["scan"]["panes"][0]["evidence"]["data"]


def test_the_worst_stands_first_and_is_shown_first(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, [BROKEN, *scans])
    order = [entry["kind"] for entry in shown(app)["entries"]]
    assert order == sorted(order, key=[str(kind) for kind in ReadingStatus].index)
    assert shown(app)["scan"]["name"] == shown(app)["entries"][0]["title"]


def test_a_broken_file_costs_one_row(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, [*scans[:2], BROKEN, *scans[2:]])
    counted = strip(app)
    assert counted["Failed"] == 1
    assert sum(counted.values()) == len(scans) + 1
    titles = [entry["title"] for entry in shown(app)["entries"]]
    choose(app, titles.index("cut.jpg"))
    assert shown(app)["scan"]["error"] == "cut.jpg: the file is damaged and cannot be read. Export or copy it again."
    assert "Could not be read" in words(app)


def test_a_filter_leaves_what_was_asked_for(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, [*scans, BROKEN])
    shows = next(control for control in app.get("button_group") if control.key == "kind")
    shows.set_value("Failed").run()
    assert [entry["title"] for entry in shown(app)["entries"]] == ["cut.jpg"]


def test_the_csv_keeps_the_contract(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    before = datetime.now(UTC)
    app = upload(open_page, [*scans, BROKEN])
    rows = _rows(app)
    assert ",".join(COLUMNS).startswith(CONTRACT)
    assert [row["name"] for row in rows] == [given[0] for given in [*scans, BROKEN]]
    for row, (_, data, _) in zip(rows, scans, strict=False):
        assert row["error"] == ""
        assert row["sha256"] == hashlib.sha256(data).hexdigest()
        assert sum(float(row[f"p_{c}"]) for c in CLASSES) == pytest.approx(1, abs=1e-5)
        assert datetime.fromisoformat(row["timestamp"]) >= before.replace(microsecond=before.microsecond // 1000 * 1000)
        assert row["model_version"] == "v1"
    assert "damaged" in rows[-1]["error"]
    assert rows[-1]["result"] == rows[-1]["verdict"] == ""
    last = max(row["timestamp"] for row in rows[:-1])[:19].replace("-", "").replace(":", "")
    assert filename_timestamp(app.session_state["reading-room"].readings()) == f"{last}Z"


def _opinion(app: AppTest) -> Any:
    return next(control for control in app.get("button_group") if str(control.key).startswith("opinion-"))


def test_what_the_reader_finds_goes_into_the_row(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, scans)
    name = shown(app)["scan"]["name"]
    _opinion(app).set_value("pituitary").run()
    app.text_area[0].set_value("Cystic, left of the midline").run()
    row = next(row for row in _rows(app) if row["name"] == name)
    assert (row["reader_finding"], row["reader_comment"]) == ("pituitary", "Cystic, left of the midline")
    assert sum(bool(row["reader_finding"]) for row in _rows(app)) == 1
    choose(app, 1)
    choose(app, 0)
    assert app.text_area[0].value == "Cystic, left of the midline"


def test_pdf_and_zip_hold_every_scan(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, [*scans, BROKEN])
    readings, detector = app.session_state["reading-room"].readings(), Detector.load("v1")
    assert make_pdf(readings, {}, detector, "").startswith(b"%PDF")
    assert make_zip(readings, {}, detector, "").startswith(b"PK")


def test_a_rerun_reads_nothing_twice(
    artifacts: Settings, open_page: Open, scans: list[Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = upload(open_page, scans)
    first = _rows(app)
    monkeypatch.setattr(Detector, "detect", lambda *_: pytest.fail("a scan was read again"))
    app.run()
    app.selectbox(key="order").set_value("File name").run()
    choose(app, 1)
    assert not app.exception
    assert _rows(app) == first


def test_what_no_reader_foresaw_becomes_a_sentence(
    artifacts: Settings, open_page: Open, scans: list[Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    detect = Detector.detect

    def fails_once(self, source, name=None):  # type: ignore[no-untyped-def]
        if source.name == scans[0][0]:
            raise RuntimeError("secret detail")
        return detect(self, source, name)

    monkeypatch.setattr(Detector, "detect", fails_once)
    app = upload(open_page, scans)
    assert strip(app)["Failed"] == 1
    error = next(row["error"] for row in _rows(app) if row["error"])
    assert "could not be read" in error
    assert "secret" not in words(app) + error


def test_a_file_name_is_never_markup(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    hostile = "![x](http://example.org/p.png) :red[boo] $x$ <b>.jpg"
    app = upload(open_page, [(hostile, BROKEN[1], BROKEN[2]), (hostile, scans[0][1], "image/png")])
    for number in range(2):
        choose(app, number)
        assert shown(app)["scan"]["name"] == hostile
        assert all(hostile not in element.value for element in (*app.markdown, *app.caption, *app.header))
        assert all("boo" not in str(element.proto.body) for element in app.get("html"))


def test_removed_files_leave_nothing(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, scans)
    app.file_uploader[0].set_value(scans[:1]).run()
    settle(app)
    assert [entry["title"] for entry in shown(app)["entries"]] == [scans[0][0]]
    app.file_uploader[0].set_value(None).run()
    assert not shown(app)
    assert app.session_state["reading-room"].readings() == []


def test_one_button_takes_all_files_away(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, scans)
    app.button(key="remove").click().run()
    assert not app.exception
    assert not app.file_uploader[0].value
    assert app.session_state["reading-room"].readings() == []


def _second(artifacts: Settings) -> None:
    """The version once more, under another name."""
    second = shutil.copytree(artifacts.outputs / "v1", artifacts.outputs / "v2")
    card = json.loads((second / "card.json").read_text(encoding="utf-8"))
    (second / "card.json").write_text(json.dumps({**card, "version": "v2"}), encoding="utf-8")


def test_two_versions_stand_side_by_side(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    _second(artifacts)
    app = upload(open_page, scans[:1])
    app.selectbox(key="compared-v1").set_value("v2").run()
    assert not app.exception
    panes = shown(app)["scan"]["panes"]
    assert [pane["version"] for pane in panes] == ["v1", "v2"]
    assert len(app.get("plotly_chart")) == 2
    app.selectbox(key="version").set_value("v2").run()
    settle(app)
    assert {row["model_version"] for row in _rows(app)} == {"v2"}


def test_agreement_is_with_one_version_and_a_comment_with_all(
    artifacts: Settings, open_page: Open, scans: list[Upload]
) -> None:
    _second(artifacts)
    app = upload(open_page, scans[:1])
    _opinion(app).set_value("agree").run()
    app.text_area[0].set_value("Cystic").run()
    app.selectbox(key="version").set_value("v2").run()
    settle(app)
    (row,) = _rows(app)
    assert (row["model_version"], row["reader_finding"], row["reader_comment"]) == ("v2", "", "Cystic")
    _opinion(app).set_value("glioma").run()
    assert [row["reader_finding"] for row in _rows(app)] == ["glioma"]
    app.selectbox(key="version").set_value("v1").run()
    settle(app)
    assert [row["reader_finding"] for row in _rows(app)] == ["agree"]
    logged = app.session_state["session-log"].values()
    assert {(row["model_version"], row["reader_finding"]) for row in logged} == {("v1", "agree"), ("v2", "glioma")}


def test_stopping_a_second_version_costs_no_finding(
    artifacts: Settings, open_page: Open, scans: list[Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    _second(artifacts)
    app = choose(upload(open_page, scans[:3]), 2)
    app.text_area[0].set_value("Cystic").run()
    name, logged = shown(app)["scan"]["name"], len(app.session_state["session-log"])
    read = reading_job.read_group

    def one_over_and_over(*given: Any) -> Iterator[Reading]:
        first = next(read(*given))
        while True:
            time.sleep(0.02)
            yield first

    monkeypatch.setattr(reading_job, "read_group", one_over_and_over)
    app.selectbox(key="version").set_value("v2").run()
    next(button for button in app.button if button.key == "stop").click().run()
    monkeypatch.setattr(reading_job, "read_group", read)
    app.selectbox(key="version").set_value("v1").run()
    settle(app)
    assert {row["name"]: row["reader_comment"] for row in _rows(app)}[name] == "Cystic"
    mine = [row for row in app.session_state["session-log"].values() if row["model_version"] == "v1"]
    assert len(mine) == logged, "no answer is logged twice"


def test_one_more_dicom_file_costs_no_finding(artifacts: Settings, open_page: Open) -> None:
    files: list[Upload] = []
    for number in range(3):
        content = io.BytesIO()
        planted(number).save_as(content, enforce_file_format=True)
        files.append((f"slice-{number}.dcm", content.getvalue(), ""))
    app = upload(open_page, files[:2])
    app.text_area[0].set_value("Cystic").run()
    chosen = shown(app)["scan"]["id"]
    app.file_uploader[0].set_value(files).run()
    settle(app)
    assert len(_rows(app)) == 3
    assert [row["reader_comment"] for row in _rows(app)].count("Cystic") == 1
    assert chosen in {reading.id for reading in app.session_state["reading-room"].readings()}
    app.file_uploader[0].set_value([]).run()
    assert app.session_state["reading-opinions"] == {}


def test_the_same_dicom_file_twice_is_two_slices(artifacts: Settings, open_page: Open) -> None:
    content = io.BytesIO()
    planted(1).save_as(content, enforce_file_format=True)
    upload_ = ("slice.dcm", content.getvalue(), "")
    app = upload(open_page, [upload_, upload_])
    assert len({reading.id for reading in app.session_state["reading-room"].readings()}) == 2


def test_what_is_called_is_what_lies_above_the_threshold(
    artifacts: Settings, open_page: Open, scans: list[Upload]
) -> None:
    path = artifacts.outputs / "v1" / "evaluation.json"
    report = json.loads(path.read_text(encoding="utf-8"))
    report["test"] |= {
        "tumor_sensitivity": _measured(0.99), "tumors@verdict:tumor suspected": _measured(0.81),
        "healthy@verdict:tumor suspected": _measured(0.03),
    }  # fmt: skip
    report["outside"] = {
        "tumor_sensitivity": _measured(0.92),
        "called": _measured(0.80),
        "false_alarms": _measured(0.027),
    }
    path.write_text(json.dumps(report), encoding="utf-8")
    said = words(upload(open_page, scans[:1]))
    assert "version v1 calls 81.0% (80.0 to 82.0) of the tumours" in said
    assert "and 3.0% (2.0 to 4.0) of the healthy scans" in said
    assert "In other collections, version v1 calls 80.0% (79.0 to 81.0) of the tumours" in said
    assert "and 2.7% (1.7 to 3.7) of the healthy test scans" in said
    assert "99.0%" not in said


def _measured(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.01, "high": value + 0.01, "n": 10, "groups": 5}


def test_what_a_second_version_says_is_in_the_log_too(
    artifacts: Settings, open_page: Open, scans: list[Upload]
) -> None:
    _second(artifacts)
    app = upload(open_page, scans[:2])
    app.selectbox(key="compared-v1").set_value("v2").run()
    assert [row["model_version"] for row in app.session_state["session-log"].values()] == ["v1", "v1", "v2"]


def test_an_altered_model_is_refused_in_words(artifacts: Settings, open_page: Open) -> None:
    (artifacts.outputs / "v1" / "model.onnx").write_bytes(b"something else")
    app = open_page("detection")
    assert not app.exception
    assert not app.file_uploader
    assert "is not the file the card describes" in words(app)


def test_altered_extras_of_a_model_cost_only_themselves(
    artifacts: Settings, open_page: Open, scans: list[Upload]
) -> None:
    path = artifacts.outputs / "v1" / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    card |= {"saliency": {"n": 1}, "retrieval": {"scans": 1}}
    card["files"] |= {"saliency.onnx": "0" * 64, "similar_scans.npz": "0" * 64}
    path.write_text(json.dumps(card), encoding="utf-8")
    for name in ("saliency.onnx", "similar_scans.npz"):
        (path.parent / name).write_bytes(b"something else")
    app = upload(open_page, scans[:1])
    app.session_state["viewer"] = {"saliency": True}
    app.session_state["neighbours"] = True
    app.run()
    assert not app.exception
    (pane,) = shown(app)["scan"]["panes"]
    assert not pane["traced"]
    assert pane["evidence"]["data"]
    assert "similar_scans.npz is not the file the card describes" in words(app)


def test_the_uploader_keeps_the_limit_of_the_settings(
    artifacts: Settings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINTUMOR_MAX_BYTES", str(2 * 2**20))
    monkeypatch.setenv("BRAINTUMOR_MAX_ARCHIVE_BYTES", str(3 * 2**20))
    get_settings.cache_clear()
    uploader = open_page("detection").file_uploader[0]
    assert uploader.proto.max_upload_size_mb == 3
    # What a file is, its content tells: a scanner's files have no ending at all.
    assert not uploader.allowed_type


def test_the_page_writes_no_file(
    artifacts: Settings, open_page: Open, scans: list[Upload], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    watched = (artifacts.outputs, artifacts.inputs, tmp_path)
    before = _tree(watched)
    upload(open_page, [*scans, BROKEN])
    assert _tree(watched) == before


def _tree(folders: tuple[Path, ...]) -> set[Path]:
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


def test_each_reading_is_in_the_log_of_the_visit(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, [*scans, BROKEN])
    logged = app.session_state["session-log"]
    assert {row["name"] for row in logged.values()} == {scan[0] for scan in [*scans, BROKEN]}
    app.text_area[0].set_value("Seen by two").run()
    assert [row["reader_comment"] for row in logged.values()].count("Seen by two") == 1
    assert {reading_status(reading) for reading in app.session_state["reading-room"].readings()} >= {
        ReadingStatus.FAILED
    }


def test_a_picture_that_is_no_brain_mri_is_offered_no_class_and_no_place() -> None:
    def card() -> None:
        from datetime import UTC, datetime

        from app_pages.components.detection.result_card import show_result_card
        from braintumor.enums import CLASSES
        from braintumor.inference.decision import OODScore, Thresholds, decide_verdict
        from braintumor.inference.detection import Detection

        thresholds = Thresholds(0.4, 0.6)
        verdict, reason = decide_verdict(0.9, thresholds, OODScore(3.0, 1.0, 2.0))
        each = dict(zip(CLASSES, (0.1, 0.7, 0.1, 0.1), strict=True))
        found = Detection(
            "x-ray.png", "ab" * 32, datetime.now(UTC), each, 0.9, verdict, reason, CLASSES[:2], 0.6, "v4",
            {"total": 3.0},
        )  # fmt: skip
        show_result_card(found, thresholds, "1")

    app = AppTest.from_function(card, default_timeout=60).run()
    said = words(app)
    assert not app.exception
    assert "Not a brain MRI" in said
    assert "as far from the training scans" in said
    assert not any(word in said for word in ("Likeliest", "95% coverage", "eningioma", "Outlined"))
