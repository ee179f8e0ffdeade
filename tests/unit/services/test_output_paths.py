"""Paths of results: what cannot be written is refused before anything is read, and nothing is damaged by the check."""

import errno
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from braintumor.errors import BrainTumorError
from braintumor.services import output_paths
from braintumor.services.output_paths import OutputPaths

FILES = ("csv_file", "xlsx_file", "pdf_file", "zip_file")
TARGETS = (*FILES, "overlay_folder")
NOBODY = 65534

posix_only = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder whose parents any user may enter, unlike those of `tmp_path`."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.fixture
def unprivileged(folder: Path) -> Iterator[None]:
    """Run as a user whom permissions bind, also where the tests run as root."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    yield
    if is_root:
        os.seteuid(0)


def check(target: str, path: Path, **others: Path) -> None:
    OutputPaths(**{target: path}, **others).check()


@pytest.mark.parametrize("target", TARGETS)
def test_missing_folder_is_created_and_nothing_else(target, tmp_path):
    check(target, tmp_path / "a" / "b" / "out")
    assert (tmp_path / "a" / "b").is_dir()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("target", FILES)
def test_existing_file_is_left_as_it_is(target, tmp_path):
    file = tmp_path / "out"
    file.write_text("before", encoding="utf-8")
    check(target, file)
    assert file.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("target", FILES)
@pytest.mark.parametrize("name", ["", ".", "sub", "sub/"])
def test_folder_in_place_of_a_file_is_refused(target, tmp_path, name):
    (tmp_path / "sub").mkdir()
    with pytest.raises(BrainTumorError, match=r"this is a folder\. Give the name of a file in it"):
        check(target, tmp_path / name)


def test_file_in_place_of_the_overlay_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BrainTumorError, match=r"file: this is a file\. Give a folder"):
        check("overlay_folder", tmp_path / "file")


@pytest.mark.parametrize("target", TARGETS)
def test_path_below_a_file_is_refused(target, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BrainTumorError, match=r"out: cannot be written \("):
        check(target, tmp_path / "file" / "out")


@posix_only
@pytest.mark.usefixtures("unprivileged")
@pytest.mark.parametrize("target", TARGETS)
def test_folder_without_permission_is_refused(target, folder):
    (folder / "locked").mkdir(mode=0o555)
    for path in (folder / "locked" / "out", folder / "locked" / "new" / "out"):
        with pytest.raises(
            BrainTumorError, match=r"out: cannot be written \(Permission denied\). Choose another path."
        ):
            check(target, path)


@posix_only
@pytest.mark.usefixtures("unprivileged")
@pytest.mark.parametrize("target", TARGETS)
def test_folder_that_cannot_be_entered_is_refused(target, folder):
    (folder / "closed").mkdir(mode=0o000)
    with pytest.raises(BrainTumorError, match=r"out: cannot be written \(Permission denied\)"):
        check(target, folder / "closed" / "out")


@posix_only
@pytest.mark.usefixtures("unprivileged")
@pytest.mark.parametrize("target", FILES)
def test_existing_file_without_permission_is_refused(target, folder):
    (folder / "out").touch(mode=0o444)
    with pytest.raises(BrainTumorError, match=r"out: cannot be written \(Permission denied\)"):
        check(target, folder / "out")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("code", [errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_file_system_that_takes_no_file_is_refused(target, tmp_path, monkeypatch, code):
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "touch", fail)
    monkeypatch.setattr(output_paths.tempfile, "TemporaryFile", fail)
    with pytest.raises(BrainTumorError, match=rf"out: cannot be written \({os.strerror(code)}\)"):
        check(target, tmp_path / "out")


@pytest.mark.skipif(sys.platform != "linux", reason="a read-only file system of Linux")
@pytest.mark.parametrize("target", TARGETS)
def test_read_only_file_system_is_refused(target):
    with pytest.raises(BrainTumorError, match=r"out: cannot be written \("):
        check(target, Path("/proc/self/out"))


@pytest.mark.parametrize("target", TARGETS)
def test_name_that_is_too_long_is_refused(target, tmp_path):
    with pytest.raises(BrainTumorError, match=r"cannot be written \(File name too long\)"):
        check(target, tmp_path / ("x" * 300))


@pytest.mark.parametrize("target", FILES)
def test_name_whose_temporary_file_would_be_too_long_is_refused(target, tmp_path):
    with pytest.raises(BrainTumorError, match=r"cannot be written \(File name too long\)"):
        check(target, tmp_path / ("x" * 254))


@posix_only
@pytest.mark.parametrize("target", FILES)
def test_device_or_pipe_is_refused_and_not_replaced(target, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path(os.devnull)):
        with pytest.raises(BrainTumorError, match="this is not a regular file"):
            check(target, path)


@pytest.mark.parametrize(("first", "second"), [(a, b) for a in FILES for b in TARGETS if a < b])
def test_two_results_with_the_same_path_are_refused(first, second, tmp_path):
    with pytest.raises(BrainTumorError, match="out: two results have the same file name"):
        check(first, tmp_path / "out", **{second: tmp_path / "." / "sub" / ".." / "out"})


@posix_only
@pytest.mark.parametrize("nested", ["results.csv/report.pdf", "results.csv/a/report.pdf", "results.csv.part/x.pdf"])
def test_result_below_another_is_refused_and_no_folder_is_created(nested, tmp_path):
    for target in ({"pdf_file": tmp_path / nested}, {"overlay_folder": tmp_path / nested}):
        paths = OutputPaths(csv_file=tmp_path / "results.csv", **target)
        with pytest.raises(BrainTumorError, match="its folder has the name of another result"):
            paths.check()
    assert not list(tmp_path.iterdir())


def test_two_names_of_the_same_file_are_refused(tmp_path):
    (tmp_path / "a").touch()
    (tmp_path / "link").symlink_to("a")
    os.link(tmp_path / "a", tmp_path / "hard")
    for name in ("link", "hard"):
        with pytest.raises(BrainTumorError, match="two results have the same file name"):
            check("csv_file", tmp_path / "a", pdf_file=tmp_path / name)


def test_rows_so_far_of_the_csv_are_no_result_of_another_option(tmp_path):
    with pytest.raises(BrainTumorError, match="two results have the same file name"):
        check("csv_file", tmp_path / "out", zip_file=tmp_path / "out.part")


def test_different_paths_are_accepted(tmp_path):
    paths = {target: tmp_path / target for target in TARGETS}
    OutputPaths(**paths).check()
    OutputPaths(**paths).check()


def test_relative_file_name_is_accepted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check("csv_file", Path("out.csv"))


def test_file_to_read_is_never_replaced_by_a_result(tmp_path):
    (tmp_path / "scan.png").touch()
    with pytest.raises(BrainTumorError, match=r"scan\.png: this is one of the files to read"):
        OutputPaths(pdf_file=tmp_path / "scan.png").check_sources([str(tmp_path / "." / "scan.png")])
