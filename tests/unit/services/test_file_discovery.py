"""Discovery of files, folders and patterns: each file once, in a fixed order."""

from pathlib import Path

import pytest

from braintumor.errors import ScanError
from braintumor.services.file_discovery import discover_files

TREE = ["b/2.png", "b/1.JPG", "a/x.jpeg", "a/deep/er/y.png", "a/notes.txt", "a/.hidden/z.png", "a/.z.png", "top.png"]


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for name in TREE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_folder_is_searched_recursively_and_sorted(tree):
    discovered = discover_files(["."])
    assert discovered.files == ("top.png", "a/x.jpeg", "a/deep/er/y.png", "b/1.JPG", "b/2.png")
    assert discovered.skipped == 1


def test_named_file_is_included_whatever_its_name(tree):
    assert discover_files(["a/notes.txt", "a/.z.png"]).files == ("a/notes.txt", "a/.z.png")


@pytest.mark.parametrize(
    ("pattern", "files"),
    [("b/*", ("b/1.JPG", "b/2.png")), ("**/*.png", ("a/deep/er/y.png", "b/2.png", "top.png")), ("a/*", ("a/x.jpeg",))],
)
def test_pattern_gives_matching_images(tree, pattern, files):
    assert discover_files([pattern]).files == files


def test_absolute_pattern_works(tree):
    assert discover_files([f"{tree}/b/*.png"]).files == (f"{tree}/b/2.png",)


def test_file_named_like_a_pattern_is_a_file(tree):
    (tree / "scan[1].png").write_bytes(b"x")
    assert discover_files(["scan[1].png"]).files == ("scan[1].png",)


def test_file_comes_once_however_its_path_is_written(tree):
    (tree / "link").symlink_to("b")
    assert discover_files(["b/2.png", "b", "./b", tree / "b", "link"]).files == ("b/2.png", "b/1.JPG")


def test_missing_path_is_included_to_become_a_row(tree):
    assert discover_files(["gone.png", "none/*.png", "top.png"]).files == ("gone.png", "none/*.png", "top.png")


def test_multi_slice_files_are_detected_by_content(tree):
    content_by_name = {
        "series/IM0001": b"\0" * 128 + b"DICM",
        "series/1.2.840.5": b"\0" * 128 + b"DICM",
        "series/DICOMDIR": b"\0" * 128 + b"DICM",
        "series/README": b"not DICOM",
        "series/brain.nii": b"\0" * 344 + b"n+1\0",
        "series/all.zip": b"PK\3\4",
        "series/pages.tiff": b"II*\0",
        "series/misnamed.jpg": b"\0" * 128 + b"DICM",
        "series/plain.webp": b"RIFF\0\0\0\0WEBP",
    }
    (tree / "series").mkdir()
    for name, content in content_by_name.items():
        (tree / name).write_bytes(content)
    discovered = discover_files(["series"])
    assert discovered.files == ("series/plain.webp",)
    assert set(discovered.volumes) == set(content_by_name) - {"series/plain.webp", "series/DICOMDIR", "series/README"}
    assert discovered.skipped == 2


def test_excluded_folder_is_skipped(tree):
    assert discover_files(["a"], excluded_folder=Path("a/deep")).files == ("a/x.jpeg",)


@pytest.mark.parametrize("source", ["empty", "*.xyz", "a/.hidden/../../empty"])
def test_sources_without_files_are_reported(tree, source):
    (tree / "empty").mkdir()
    with pytest.raises(ScanError, match=r"no \.jpg, .*\.zip file found"):
        discover_files([source])
