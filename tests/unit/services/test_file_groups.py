"""Grouping of files that are read together, and decoding of their scans."""

import hashlib
import io
import logging
from pathlib import Path

import pytest
from PIL import Image

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES
from braintumor.imaging import FailedScan, Scan
from braintumor.services import file_groups
from braintumor.services.file_groups import GroupKind, LocalFile, decode_group, decode_image, group_files, group_paths
from braintumor.settings import Settings
from tests.helpers.scan_files.memory_file import MemoryFile


def png() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(make_phantom(CLASSES[0], 3, 64).pixels).save(stream, "PNG")
    return stream.getvalue()


def by_name(file: MemoryFile) -> str:
    return file.name


def test_files_without_an_image_suffix_form_one_group_after_all_others() -> None:
    names = ("IM1", "a.png", "b.dcm", "all.ZIP", "brain.nii.gz")
    groups = group_files([MemoryFile(name) for name in names], by_name)
    assert [[file.name for file in group.files] for group in groups] == [
        ["a.png"], ["all.ZIP"], ["brain.nii.gz"], ["IM1", "b.dcm"],
    ]  # fmt: skip
    assert groups[-1].kind is GroupKind.SERIES


def test_key_of_a_series_group_changes_with_its_files_and_its_id_does_not() -> None:
    one, two = (group_files([MemoryFile(f"IM{n}") for n in range(count)], by_name)[0] for count in (1, 2))
    assert one.key != two.key
    assert one.id == two.id


def test_group_keys_do_not_contain_file_names() -> None:
    (group,) = group_files([MemoryFile("Jane Doe.png")], by_name)
    assert "Jane" not in group.key


def test_each_image_path_is_a_group_and_multi_slice_files_form_one() -> None:
    groups = group_paths(["b.png", "a.png"], ["x.zip", "IM1"])
    assert [[file.name for file in group.files] for group in groups] == [["b.png"], ["a.png"], ["x.zip", "IM1"]]


def test_file_in_memory_and_on_disk_give_the_same_scan(tmp_path: Path, workspace: Settings) -> None:
    (tmp_path / "a.png").write_bytes(png())
    local = decode_image(LocalFile(str(tmp_path / "a.png")), workspace)
    memory = decode_image(MemoryFile("a.png", png()), workspace)
    assert isinstance(local, Scan)
    assert isinstance(memory, Scan)
    assert local.sha256 == memory.sha256 == hashlib.sha256(png()).hexdigest()
    assert (local.to_uint8() == memory.to_uint8()).all()


@pytest.mark.parametrize("content", [b"", b"no image"])
def test_unreadable_image_is_a_failed_scan_with_the_hash_of_its_content(
    content: bytes, tmp_path: Path, workspace: Settings
) -> None:
    (tmp_path / "a.png").write_bytes(content)
    failed = decode_image(LocalFile(str(tmp_path / "a.png")), workspace)
    assert isinstance(failed, FailedScan)
    assert failed.problem.startswith(failed.name)
    assert failed.sha256 == hashlib.sha256(content).hexdigest()


def test_missing_file_is_a_failed_scan_without_a_hash(workspace: Settings) -> None:
    failed = decode_image(LocalFile("missing.png"), workspace)
    assert isinstance(failed, FailedScan)
    assert failed.sha256 is None


def test_limit_on_files_does_not_apply_to_the_files_passed(workspace: Settings) -> None:
    settings = workspace.model_copy(update={"max_files": 1})
    (group,) = group_files([MemoryFile(f"IM{n}", png()) for n in range(3)], by_name)
    assert [type(scan) for scan in decode_group(group, settings)] == [Scan] * 3


def test_unexpected_error_is_a_failed_scan_and_the_log_names_no_file(
    workspace: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_args: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(file_groups, "iter_scans", fail)
    (group,) = group_files([MemoryFile("Jane Doe.png")], by_name)
    with caplog.at_level(logging.DEBUG):
        (failed,) = decode_group(group, workspace)
    assert isinstance(failed, FailedScan)
    assert failed.problem.startswith("Jane Doe.png: could not be read")
    assert "secret" not in failed.problem
    assert "Jane" not in caplog.text


@pytest.mark.parametrize("names", [["DICOMDIR"], ["DICOMDIR", "viewer.exe"]])
def test_upload_of_a_viewer_without_its_study_is_an_error(names):
    contents = {"DICOMDIR": bytes(128) + b"DICM", "viewer.exe": b"MZ" + bytes(300)}
    groups = group_files([MemoryFile(name, contents[name]) for name in names], by_name)
    failed = [item for group in groups for item in decode_group(group, Settings())]
    assert [type(item) for item in failed] == [FailedScan]
