"""External sets: copied by content or downloaded, verified, resumed, and cut into slices."""

import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pandas as pd
import pytest

from braintumor.cli import main
from braintumor.datasets.external.download import download_file
from braintumor.datasets.external.fetch import fetch_external
from braintumor.datasets.external.sets import (
    EXTERNAL_SETS,
    allows_licence,
    external_folder,
    is_image,
    load_external_table,
    mask_path,
)
from braintumor.errors import DatasetError
from braintumor.fileio import sha256_file
from braintumor.settings import Settings


class _Server(HTTPServer):
    """Serves one file with byte ranges and remembers the ranges asked for."""

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = content
        self.ranges: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/file"


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        requested = self.headers.get("Range", "")
        self.server.ranges.append(requested)
        start = int(requested.removeprefix("bytes=").rstrip("-") or 0)
        self.send_response(206 if requested else 200)
        self.send_header("Content-Length", str(len(self.server.content) - start))
        self.end_headers()
        self.wfile.write(self.server.content[start:])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(sources: Path) -> Iterator[_Server]:
    """A server of the volume of the sources."""
    server = _Server(next((sources / "volumes").iterdir()).read_bytes())
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_shipped_table_lists_the_prepared_slices_masks_and_volumes() -> None:
    table = load_external_table()
    images = table[table["path"].map(is_image)]
    assert (len(table), len(images), (table["url"] != "").sum()) == (2377, 2019, 6)
    assert set(table["set"]) == EXTERNAL_SETS.keys()
    assert images["path"].map(mask_path).isin(table["path"]).sum() == 352
    assert set(images["label"]) == {"glioma", "notumor", "tumor", "other-lesion"}
    # The numbers of this set are slice positions, which several people share.
    assert (images.loc[images["set"] == "rsna_brats21_t1c", "patient"] == "").all()


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("CC0-1.0", True),
        ("CC-BY-3.0", True),
        ("CC-BY-3.0 AND CC-BY-NC-SA-4.0", False),
        ("CC-BY-4.0 AND AGPL-3.0", False),
        ("unknown", False),
    ],
)
def test_every_part_of_a_licence_must_be_allowed(licence: str, expected: bool) -> None:
    assert allows_licence(licence, ("CC0", "PDDL", "CC-BY")) is expected


def test_renamed_files_are_recognized_by_content_and_licences_are_shown(sources: Path, workspace: Settings) -> None:
    (sources / "scans" / "lgg_other").rename(sources / "scans" / "renamed")
    text = fetch_external(sources, sources / "table.csv")
    assert "lgg_other: 15 of 15 files" in text
    assert "CC-BY-3.0 AND CC-BY-NC-SA-4.0" in text
    for row in load_external_table(sources / "table.csv").to_dict("records"):
        assert sha256_file(external_folder(workspace) / row["path"]) == row["sha256"]


def test_zip_is_unpacked(sources: Path, workspace: Settings, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "archive"), "zip", sources / "scans")
    text = fetch_external(Path(archive), sources / "table.csv")
    assert "lgg_other: 15 of 15 files" in text
    assert "ds000011: 5 of 6 files" in text
    assert "Download its volumes with: braintumor data fetch --external." in text


def test_missing_slices_name_their_collection_and_what_to_do(sources: Path, workspace: Settings) -> None:
    shutil.rmtree(sources / "scans" / "lgg_other")
    text = fetch_external(sources / "scans", sources / "table.csv")
    line = next(line for line in text.splitlines() if line.startswith("lgg_other: 0 of 15"))
    assert "https://www.kaggle.com/datasets/mateuszbuda/lgg-mri-segmentation" in line
    assert "needs a Kaggle account" in line
    assert "braintumor data fetch --external --from FOLDER" in line


def test_altered_file_is_named_and_the_others_are_copied(sources: Path, workspace: Settings) -> None:
    altered = sources / "scans" / "lgg_other" / "images" / "p0_glioma.jpg"
    altered.write_bytes(altered.read_bytes()[:-1])
    with pytest.raises(DatasetError, match=r"1 files differ .*p0_glioma\.jpg"):
        fetch_external(sources, sources / "table.csv")
    assert (external_folder(workspace) / "lgg_other" / "images" / "p1_glioma.jpg").is_file()


def test_folder_without_any_of_the_files_is_rejected(sources: Path, workspace: Settings, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="holds no file of the external sets"):
        fetch_external(tmp_path / "empty", sources / "table.csv")
    with pytest.raises(DatasetError, match="no such folder or ZIP"):
        fetch_external(tmp_path / "nowhere", sources / "table.csv")


def test_volumes_are_downloaded_from_their_address_and_cut(
    sources: Path, workspace: Settings, server: _Server, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.read_csv(sources / "table.csv", dtype=str, keep_default_na=False)
    table.loc[table["url"] != "", "url"] = server.url
    table.to_csv(sources / "table.csv", index=False)
    assert main(["data", "fetch", "--external", "--table", str(sources / "table.csv")]) == 0
    assert "ds000011: 1 of 6 files" in capsys.readouterr().out
    assert any((external_folder(workspace) / "ds000011-slices").glob("*.png"))


def test_interrupted_download_requests_only_the_rest(server: _Server, sources: Path, tmp_path: Path) -> None:
    target, content = tmp_path / "new" / "file.nii.gz", server.content
    target.parent.mkdir()
    target.with_name(".file.nii.gz.part").write_bytes(content[:100])
    download_file(server.url, target, len(content), sha256_file(next((sources / "volumes").iterdir())))
    assert target.read_bytes() == content
    assert server.ranges == ["bytes=100-"]
    assert not target.with_name(".file.nii.gz.part").exists()


def test_download_of_other_content_is_deleted(server: _Server, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="not the expected one"):
        download_file(server.url, tmp_path / "file", len(server.content), "0" * 64)
    assert list(tmp_path.glob(".file*")) == []


def test_unreachable_server_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"Cannot download file from http://127\.0\.0\.1:9/x .*it resumes"):
        download_file("http://127.0.0.1:9/x", tmp_path / "file", 10, "0" * 64)
