"""Download from a folder, a ZIP or Kaggle: verified, resumed, and rejected if incomplete or altered."""

import shutil
import sys
import types
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from braintumor.cli import main
from braintumor.datasets.binary_set import binary_set_folder, binary_set_paths
from braintumor.datasets.catalog import BINARY_SET, KAGGLE_HANDLE, find_images, load_file_table, write_file_table
from braintumor.datasets.download import check_files, fetch_dataset
from braintumor.datasets.phantom_sets import write_binary_phantoms, write_phantoms
from braintumor.errors import DatasetError
from braintumor.settings import Settings


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small image set with the table of its expected files."""
    folder = tmp_path / "source"
    write_phantoms(folder, per_class=4)
    write_file_table(
        folder, pd.read_csv(folder / "provenance.csv", dtype=str, keep_default_na=False), folder / "table.csv"
    )
    return folder


def test_shipped_table_lists_the_whole_kaggle_set() -> None:
    table = load_file_table()
    assert len(table) == 7023
    assert table["path"].str.split("/").str[0].value_counts().to_dict() == {"Training": 5712, "Testing": 1311}
    assert table["sha256"].str.fullmatch("[0-9a-f]{64}").all()
    assert len(table) - table["sha256"].nunique() == 297


@pytest.mark.real
def test_real_set_matches_the_shipped_table() -> None:
    assert check_files(Settings().dataset, load_file_table()).is_complete


def test_folder_is_copied_and_verified(source: Path, workspace: Settings) -> None:
    assert "All 16 files" in fetch_dataset(source, source / "table.csv")
    assert find_images(workspace.dataset) == find_images(source)


def test_zip_with_the_set_in_a_subfolder_is_unpacked(source: Path, workspace: Settings, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "archive"), "zip", source.parent, source.name)
    fetch_dataset(Path(archive), source / "table.csv")
    assert len(find_images(workspace.dataset)) == 16


def test_missing_file_is_named_and_the_others_are_copied(source: Path, workspace: Settings) -> None:
    missing = find_images(source)[3]
    (source / missing).unlink()
    with pytest.raises(DatasetError, match=f"1 missing .*{Path(missing).name}"):
        fetch_dataset(source, source / "table.csv")
    assert len(find_images(workspace.dataset)) == 15


def test_altered_file_is_named_and_not_copied(source: Path, workspace: Settings) -> None:
    changed = find_images(source)[0]
    (source / changed).write_bytes((source / changed).read_bytes() + b"x")
    with pytest.raises(DatasetError, match=f"Altered files of the source were skipped: {changed}"):
        fetch_dataset(source, source / "table.csv")
    assert changed not in find_images(workspace.dataset)


def test_unexpected_file_is_named(source: Path, workspace: Settings) -> None:
    fetch_dataset(source, source / "table.csv")
    extra = workspace.dataset / "Training" / "glioma" / "holiday.jpg"
    extra.write_bytes(b"not from the set")
    with pytest.raises(DatasetError, match=r"1 unexpected .*holiday\.jpg"):
        fetch_dataset(source, source / "table.csv")


def test_incomplete_download_resumes(source: Path, workspace: Settings) -> None:
    fetch_dataset(source, source / "table.csv")
    paths = find_images(workspace.dataset)
    complete = workspace.dataset / paths[0]
    before = complete.stat().st_mtime_ns
    for path in paths[8:]:
        (workspace.dataset / path).unlink()
    (workspace.dataset / paths[1]).write_bytes(b"truncated")
    fetch_dataset(source, source / "table.csv")
    assert check_files(workspace.dataset, load_file_table(source / "table.csv")).is_complete
    assert complete.stat().st_mtime_ns == before


def test_killed_download_leaves_no_partial_file(
    source: Path, workspace: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, moved = Path.replace, []

    def replace_or_stop(self: Path, target: Path) -> Path:
        moved.append(target)
        if len(moved) == 5:
            raise KeyboardInterrupt  # after the partial file was written
        return replace(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", replace_or_stop)
        with pytest.raises(KeyboardInterrupt):
            fetch_dataset(source, source / "table.csv")
    assert len(find_images(workspace.dataset)) == 4
    fetch_dataset(source, source / "table.csv")
    assert check_files(workspace.dataset, load_file_table(source / "table.csv")).is_complete
    assert not list(workspace.dataset.rglob("*.part"))


def test_damaged_zip_and_wrong_folder_raise_clear_errors(tmp_path: Path, workspace: Settings) -> None:
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 truncated")
    with pytest.raises(DatasetError, match="incomplete or damaged"):
        fetch_dataset(broken)
    with zipfile.ZipFile(broken, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Training/a.jpg", np.random.default_rng(0).bytes(2_000))
    content = bytearray(broken.read_bytes())
    content[60:100] = bytes(40)
    broken.write_bytes(content)
    with pytest.raises(DatasetError, match="incomplete or damaged"):
        fetch_dataset(broken)
    with pytest.raises(DatasetError, match="no folders"):
        fetch_dataset(tmp_path)
    with pytest.raises(DatasetError, match="no such folder or ZIP"):
        fetch_dataset(tmp_path / "nowhere")


def test_set_is_downloaded_from_kaggle(source: Path, workspace: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    handles: list[str] = []

    def dataset_download(handle: str) -> str:
        handles.append(handle)
        return str(source)

    monkeypatch.setitem(sys.modules, "kagglehub", types.SimpleNamespace(dataset_download=dataset_download))
    fetch_dataset(file_table=source / "table.csv")
    assert handles == [KAGGLE_HANDLE]
    assert len(find_images(workspace.dataset)) == 16


def test_error_without_kaggle_names_the_alternative(workspace: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def dataset_download(handle: str) -> str:
        raise ConnectionError(handle)

    monkeypatch.setitem(sys.modules, "kagglehub", types.SimpleNamespace(dataset_download=dataset_download))
    with pytest.raises(DatasetError, match=r"ConnectionError.*--from FILE\.zip"):
        fetch_dataset()


def test_shipped_table_of_the_binary_set_lists_all_253_images() -> None:
    table = load_file_table(BINARY_SET.file_table, BINARY_SET.provenance)
    assert table["path"].str.split("/").str[0].value_counts().to_dict() == {"yes": 155, "no": 98}
    assert table["sha256"].str.fullmatch("[0-9a-f]{64}").all()


@pytest.mark.real
def test_real_binary_set_matches_its_table() -> None:
    if not binary_set_paths():
        pytest.skip("the binary set is missing; download it with: braintumor data fetch --dataset binary")
    assert check_files(
        binary_set_folder(), load_file_table(BINARY_SET.file_table, BINARY_SET.provenance), BINARY_SET.image_folders
    ).is_complete


def test_binary_set_is_verified_and_rejected_if_incomplete(tmp_path: Path, workspace: Settings) -> None:
    source = tmp_path / "download" / "brain_tumor_dataset"  # Kaggle's ZIP contains it twice, once in a subfolder
    write_binary_phantoms(source, 4)
    image = source / "yes" / "Y2.png"
    content = image.read_bytes()
    image.unlink()
    with pytest.raises(DatasetError, match=r"1 missing \(yes/Y2\.png\).*navoneel"):
        fetch_dataset(source.parent, source / "table.csv", image_set=BINARY_SET)
    image.write_bytes(content)
    assert "All 8 files" in fetch_dataset(source.parent, source / "table.csv", image_set=BINARY_SET)
    assert len(binary_set_paths(workspace)) == 8


def test_binary_set_is_downloaded_from_kaggle(
    tmp_path: Path, workspace: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_binary_phantoms(tmp_path / "kaggle", 4)
    handles: list[str] = []

    def dataset_download(handle: str) -> str:
        handles.append(handle)
        if len(handles) == 1:
            raise ConnectionError(handle)
        return str(tmp_path / "kaggle")

    monkeypatch.setitem(sys.modules, "kagglehub", types.SimpleNamespace(dataset_download=dataset_download))
    with pytest.raises(DatasetError, match=r"ConnectionError.*data fetch --dataset binary --from FILE\.zip"):
        fetch_dataset(file_table=tmp_path / "kaggle" / "table.csv", image_set=BINARY_SET)
    assert main(["data", "fetch", "--dataset", "binary", "--table", str(tmp_path / "kaggle" / "table.csv")]) == 0
    assert handles == ["navoneel/brain-mri-images-for-brain-tumor-detection"] * 2


def test_phantom_command_prints_the_command_that_installs_them(
    tmp_path: Path, workspace: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "phantoms", str(tmp_path / "phantoms"), "--per-class", "4", "--dataset", "binary"]) == 0
    command = capsys.readouterr().out.split("Use them with: braintumor ")[1].split()
    assert main(command) == 0
    assert len(binary_set_paths(workspace)) == 8
