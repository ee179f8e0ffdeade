"""The Detection page: verdicts in words, one row a file, the CSV of the contract, never a traceback."""

import csv
import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.testing.v1 import AppTest

from app_pages.components.scan_card import CARDS
from app_pages.components.words import VERDICT_TITLES
from braintumor.inference import Detector
from braintumor.reporting.csv import COLUMNS
from braintumor.settings import Settings, get_settings
from braintumor.vocabulary import CLASSES
from tests.app.conftest import Open, Upload, words

CONTRACT = (
    "timestamp,name,result,verdict,tumor_probability,p_glioma,p_meningioma,p_notumor,p_pituitary,novelty,"
    "model_version,sha256,error"
)
BROKEN: Upload = ("cut.jpg", b"\xff\xd8\xff\xe0 cut short", "image/jpeg")


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bytes]]:
    """Name and content of every file offered for download, the newest last."""
    offered: list[tuple[str, bytes]] = []
    load = MemoryMediaFileStorage.load_and_get_id

    def record(self, data, mimetype, kind, filename=None):  # type: ignore[no-untyped-def]
        if filename:
            offered.append((filename, data))
        return load(self, data, mimetype, kind, filename)

    monkeypatch.setattr(MemoryMediaFileStorage, "load_and_get_id", record)
    return offered


def _upload(open_page: Open, files: list[Upload]) -> AppTest:
    app = open_page("detection")
    app.file_uploader[0].set_value(files).run()
    assert not app.exception
    return app


def _rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"))))


def test_each_scan_gets_a_verdict_in_words(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = _upload(open_page, scans)
    detector = Detector.load("v1")
    for name, content, _ in scans:
        found = detector.detect(content, name)
        assert any(VERDICT_TITLES[found.verdict] in heading.value for heading in app.header)
        assert any(found.reason in text.value for text in app.markdown)
        assert name in [text.value for text in app.text]
    assert len(app.get("plotly_chart")) == len(app.get("image")) == len(scans)


def test_a_broken_file_costs_one_row(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = _upload(open_page, [*scans[:2], BROKEN, *scans[2:]])
    assert len(app.get("plotly_chart")) == len(scans)
    assert [error.value.replace("\\", "") for error in app.error] == [
        "cut.jpg: the file is damaged and cannot be read. Export or copy it again."
    ]
    assert app.dataframe[0].value["Verdict"].tolist().count("Could not be read") == 1
    assert "1 could not be read" in words(app)


def test_the_csv_keeps_the_contract(
    artifacts: Settings, open_page: Open, scans: list[Upload], downloads: list[tuple[str, bytes]]
) -> None:
    before = datetime.now(UTC)
    _upload(open_page, [*scans, BROKEN])
    name, content = downloads[-1]
    assert content.decode("utf-8").splitlines()[0] == CONTRACT == ",".join(COLUMNS)
    rows = _rows(content)
    assert [row["name"] for row in rows] == [upload[0] for upload in [*scans, BROKEN]]
    for row, (_, data, _) in zip(rows, scans, strict=False):
        assert row["error"] == ""
        assert row["sha256"] == hashlib.sha256(data).hexdigest()
        assert sum(float(row[f"p_{c}"]) for c in CLASSES) == pytest.approx(1, abs=1e-5)
        assert datetime.fromisoformat(row["timestamp"]) >= before.replace(microsecond=before.microsecond // 1000 * 1000)
        assert row["model_version"] == "v1"
    assert "damaged" in rows[-1]["error"]
    assert rows[-1]["result"] == rows[-1]["verdict"] == ""
    stamp = max(row["timestamp"] for row in rows)[:19].replace("-", "").replace(":", "")
    assert name == f"braintumor-{stamp}Z.csv"


def test_a_rerun_reads_nothing_twice(
    artifacts: Settings, open_page: Open, scans: list[Upload], downloads: list[tuple[str, bytes]]
) -> None:
    app = _upload(open_page, scans)
    first = downloads[-1]
    app.slider[0].set_value(0).run()
    app.slider[0].set_value(100).run()
    assert not app.exception
    assert downloads[-1] == first


def test_what_no_reader_foresaw_becomes_a_sentence(
    artifacts: Settings, open_page: Open, scans: list[Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    detect = Detector.detect

    def fails_once(self, source, name=None):  # type: ignore[no-untyped-def]
        if name == scans[0][0]:
            raise RuntimeError("secret detail")
        return detect(self, source, name)

    monkeypatch.setattr(Detector, "detect", fails_once)
    app = _upload(open_page, scans)
    assert len(app.get("plotly_chart")) == len(scans) - 1
    assert "could not be read" in app.error[0].value
    assert "secret" not in words(app)
    assert "Traceback" not in words(app)


def test_a_file_name_is_never_markup(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    hostile = "![x](http://example.org/p.png) :red[boo] $x$ <b>.jpg"
    app = _upload(open_page, [(hostile, BROKEN[1], BROKEN[2]), (hostile, scans[0][1], "image/png")])
    shown = app.error[0].value
    assert "![" not in shown
    assert "](" not in shown
    assert ":red[" not in shown
    assert all(hostile not in element.value for element in (*app.markdown, *app.caption, *app.header))
    assert hostile in [text.value for text in app.text]


def test_many_scans_come_in_pages(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    many = [(f"{number}-{name}", content, kind) for number in range(2) for name, content, kind in scans]
    app = _upload(open_page, many)
    assert len(app.get("plotly_chart")) == CARDS
    assert len(app.dataframe[0].value) == len(many)
    app.pagination[0].set_value(2).run()
    assert len(app.get("plotly_chart")) == len(many) - CARDS


def test_removed_files_leave_no_row(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = _upload(open_page, scans)
    app.file_uploader[0].set_value(None).run()
    assert not app.dataframe
    assert not app.exception


def test_an_altered_model_is_refused_in_words(artifacts: Settings, open_page: Open) -> None:
    (artifacts.outputs / "v1" / "model.onnx").write_bytes(b"something else")
    app = open_page("detection")
    assert not app.exception
    assert not app.file_uploader
    assert "is not the file the card describes" in words(app)


def test_the_uploader_takes_what_the_reader_takes(
    artifacts: Settings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINTUMOR_MAX_BYTES", str(3 * 2**20))
    get_settings.cache_clear()
    uploader = open_page("detection").file_uploader[0]
    assert uploader.proto.max_upload_size_mb == 3
    assert set(uploader.allowed_type) == {".jpg", ".jpeg", ".png"}


def test_the_page_writes_no_file(
    artifacts: Settings, open_page: Open, scans: list[Upload], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    watched = (artifacts.outputs, artifacts.inputs, tmp_path)
    before = _tree(watched)
    _upload(open_page, [*scans, BROKEN])
    assert _tree(watched) == before


def _tree(folders: tuple[Path, ...]) -> set[Path]:
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


def test_a_picture_that_is_no_brain_mri_is_offered_no_class_and_no_place():
    def card() -> None:
        from datetime import UTC, datetime

        import numpy as np
        from PIL import Image

        from app_pages.components.readings import Reading
        from app_pages.components.scan_card import show_card
        from braintumor.inference.detection import Detection
        from braintumor.inference.verdict import Strangeness, Thresholds, decide
        from braintumor.vocabulary import CLASSES

        class File:
            name, file_id = "x-ray.png", "1"

            def getvalue(self) -> bytes:
                import io

                stream = io.BytesIO()
                Image.fromarray(np.tile(np.arange(0, 250, 4, np.uint8), (63, 1))).save(stream, "PNG")
                return stream.getvalue()

        thresholds = Thresholds(0.4, 0.6)
        verdict, reason = decide(0.9, thresholds, Strangeness(3.0, 1.0, 2.0))
        each = dict(zip(CLASSES, (0.1, 0.7, 0.1, 0.1), strict=True))
        found = Detection(
            "x-ray.png",
            "ab" * 32,
            datetime.now(UTC),
            each,
            0.9,
            verdict,
            reason,
            CLASSES[:2],
            0.6,
            "v4",
            {"total": 3.0},
        )
        show_card(Reading(File(), {}, found), thresholds, 0.6, "1")

    app = AppTest.from_function(card, default_timeout=60).run()
    said = words(app)
    assert not app.exception
    assert "Not a brain MRI" in said
    assert "as far from the training scans" in said
    assert not any(word in said for word in ("Likeliest", "95% coverage", "eningioma"))
