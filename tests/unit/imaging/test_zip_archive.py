"""ZIP archives: all files in order, and limits that hold even if the archive declares wrong sizes."""

import os
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from braintumor.imaging import FailedScan, Scan, scan_iterator
from braintumor.imaging.scan_iterator import iter_scans
from braintumor.settings import Settings
from tests.golden.draw import make_arrays
from tests.helpers.malformed.valid_files import encode_image, make_zip
from tests.helpers.slices import read_slices

GRAY = make_arrays()["array-uint8"]
PNG = encode_image(Image.fromarray(GRAY), "PNG")


def names_of(results):
    return [result.name for result in results]


def test_members_are_read_in_order_without_system_files(tmp_path):
    content = make_zip({
        "__MACOSX/._a.png": b"x", "b/": b"", "b/two.png": PNG, ".DS_Store": b"x", "a/one.png": PNG, "DICOMDIR": b"x",
        "a/Thumbs.db": b"x",
    })  # fmt: skip
    path = tmp_path / "scans.zip"
    path.write_bytes(content)
    for source in (content, path):
        results = list(read_slices(source, "scans.zip"))
        assert names_of(results) == ["scans.zip/b/two.png", "scans.zip/a/one.png"]
        for scan in results:
            np.testing.assert_array_equal(scan.to_uint8(), GRAY)


def test_damaged_member_fails_alone():
    content = make_zip({"a.png": PNG, "b.png": PNG[:60], "c.txt": b"notes", "d.png": PNG})
    results = list(read_slices(content, "x.zip"))
    assert [type(result) for result in results] == [Scan, FailedScan, FailedScan, Scan]
    assert all(result.problem.startswith(f"{result.name}: ") and result.sha256 for result in results[1:3])


def test_unpacked_size_is_limited_over_all_archives():
    settings = Settings(max_unpacked_bytes=2 * len(PNG) + 10)
    archive = make_zip({"a.png": PNG, "b.png": PNG}, zipfile.ZIP_STORED)
    results = list(iter_scans([("one.zip", archive), ("two.zip", archive)], settings))
    assert [type(result) for result in results] == [Scan, Scan, FailedScan, FailedScan]
    assert "archives read at once" in results[2].problem


def test_wrong_declared_size_is_detected_while_unpacking():
    content = bytearray(make_zip({"a.png": bytes(500_000)}))
    for signature, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        start = content.index(signature) + offset
        content[start : start + 4] = (100).to_bytes(4, "little")
    results = list(read_slices(bytes(content), "wrong-size.zip", Settings(max_bytes=200_000)))
    assert [type(result) for result in results] == [FailedScan]


def test_file_limit_includes_archive_members():
    settings = Settings(max_files=3)
    results = list(
        iter_scans([("a.zip", make_zip({"1.png": PNG, "2.png": PNG})), ("3.png", PNG), ("4.png", PNG)], settings)
    )
    assert [type(result) for result in results] == [Scan, Scan, Scan, FailedScan]
    assert "more than 3 files at once" in results[-1].problem


def test_archive_over_the_size_limit_is_rejected(tmp_path):
    path = tmp_path / "big.zip"
    path.write_bytes(make_zip({"a.png": PNG}))
    (results,) = read_slices(path, "big.zip", Settings(max_archive_bytes=100))
    assert "larger than" in results.problem


def test_scans_are_yielded_before_later_files_are_read():
    def sources():
        yield "a.png", PNG
        pytest.fail("the second file was read before the first scan was yielded")

    assert next(iter(iter_scans(sources()))).name == "a.png"


def test_missing_file_gives_one_failed_scan(tmp_path):
    (results,) = read_slices(tmp_path / "gone.png", "gone.png")
    assert results == FailedScan("gone.png", "gone.png: there is no such file. Check the path.")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are not available")
def test_pipe_is_read_once_and_endless_device_is_rejected(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(PNG,))
    writer.start()
    (results,) = read_slices(pipe, "pipe.png")
    writer.join()
    assert isinstance(results, Scan)
    (failed,) = read_slices(Path("/dev/zero"), "zero.png", Settings(max_bytes=10_000))
    assert "larger than" in failed.problem


def _count_open(path):
    """Count the open descriptors of a file; 0 where the system does not list them."""
    descriptors = Path("/proc/self/fd")
    return sum(link.resolve() == path for link in descriptors.iterdir()) if descriptors.is_dir() else 0


def test_rejected_archive_is_closed(tmp_path):
    path = tmp_path / "damaged.zip"
    path.write_bytes(make_zip({"a.png": PNG})[:-30])
    (failed,) = read_slices(path, "damaged.zip")
    assert isinstance(failed, FailedScan)
    assert _count_open(path) == 0


def test_member_without_a_name_is_skipped():
    content = make_zip({"a.png": PNG, "n.png": PNG, "z.png": PNG}, zipfile.ZIP_STORED).replace(b"n.png", b"\0.png")
    results = list(iter_scans([("x.zip", content), ("after.png", PNG)]))
    assert names_of(results) == ["x.zip/a.png", "x.zip/z.png", "after.png"]


def test_unexpected_parser_error_fails_one_file(monkeypatch):
    def failing(data, *rest):
        if data.endswith(b"bad"):
            raise KeyError("unexpected")
        return read_image(data, *rest)

    read_image = scan_iterator.read_image
    monkeypatch.setattr(scan_iterator, "read_image", failing)
    results = list(iter_scans([("a.png", PNG), ("b.png", PNG + b"bad"), ("c.png", PNG)]))
    assert [type(result) for result in results] == [Scan, FailedScan, Scan]
    assert results[1].problem == "b.png: the file is damaged and cannot be read (KeyError). Export or copy it again."


@pytest.mark.parametrize("stop_after", [1, 2])
def test_closing_the_iterator_closes_the_archive(tmp_path, stop_after):
    path = tmp_path / "scans.zip"
    path.write_bytes(make_zip({"a.png": PNG, "b.png": PNG}))
    slices = read_slices(path, "scans.zip")
    for _ in range(stop_after):
        next(slices)
    slices.close()
    assert _count_open(path) == 0
    path.rename(tmp_path / "moved.zip")
