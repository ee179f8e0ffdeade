"""Archives: all their files in memory, within limits that hold whatever the archive says of itself."""

import os
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from braintumor.imaging import FailedScan, Scan, file_slices
from braintumor.imaging.scan_iterator import iter_scans
from braintumor.settings import Settings
from tests.golden.draw import arrays
from tests.helpers.malformed.valid_files import packed, zipped
from tests.helpers.slices import read_slices

GREY = arrays()["array-uint8"]
PNG = packed(Image.fromarray(GREY), "PNG")


def names(found):
    return [one.name for one in found]


def test_an_archive_gives_its_scans_in_their_order_and_leaves_out_what_systems_add(tmp_path):
    content = zipped({
        "__MACOSX/._a.png": b"x", "b/": b"", "b/two.png": PNG, ".DS_Store": b"x", "a/one.png": PNG, "DICOMDIR": b"x",
        "a/Thumbs.db": b"x",
    })  # fmt: skip
    path = tmp_path / "scans.zip"
    path.write_bytes(content)
    for source in (content, path):
        found = list(read_slices(source, "scans.zip"))
        assert names(found) == ["scans.zip/b/two.png", "scans.zip/a/one.png"]
        for scan in found:
            np.testing.assert_array_equal(scan.to_uint8(), GREY)


def test_a_bad_file_in_an_archive_costs_its_own_row_alone():
    content = zipped({"a.png": PNG, "b.png": PNG[:60], "c.txt": b"notes", "d.png": PNG})
    found = list(read_slices(content, "x.zip"))
    assert [type(one) for one in found] == [Scan, FailedScan, FailedScan, Scan]
    assert all(one.problem.startswith(f"{one.name}: ") and one.sha256 for one in found[1:3])


def test_what_an_archive_unpacks_to_is_bounded_over_all_archives():
    settings = Settings(max_unpacked_bytes=2 * len(PNG) + 10)
    archive = zipped({"a.png": PNG, "b.png": PNG}, zipfile.ZIP_STORED)
    found = list(iter_scans([("one.zip", archive), ("two.zip", archive)], settings))
    assert [type(one) for one in found] == [Scan, Scan, FailedScan, FailedScan]
    assert "archives read at once" in found[2].problem


def test_a_lie_about_its_size_is_found_out_while_unpacking():
    content = bytearray(zipped({"a.png": bytes(500_000)}))
    for signature, at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        place = content.index(signature) + at
        content[place : place + 4] = (100).to_bytes(4, "little")
    found = list(read_slices(bytes(content), "liar.zip", Settings(max_bytes=200_000)))
    assert [type(one) for one in found] == [FailedScan]


def test_files_are_counted_those_in_archives_too():
    settings = Settings(max_files=3)
    found = list(
        iter_scans([("a.zip", zipped({"1.png": PNG, "2.png": PNG})), ("3.png", PNG), ("4.png", PNG)], settings)
    )
    assert [type(one) for one in found] == [Scan, Scan, Scan, FailedScan]
    assert "more than 3 files at once" in found[-1].problem


def test_an_archive_over_its_own_limit_is_refused_unopened(tmp_path):
    path = tmp_path / "big.zip"
    path.write_bytes(zipped({"a.png": PNG}))
    (found,) = read_slices(path, "big.zip", Settings(max_archive_bytes=100))
    assert "larger than" in found.problem


def test_scans_are_given_while_the_rest_is_still_to_come():
    def sources():
        yield "a.png", PNG
        pytest.fail("the second was asked for before the first was given")

    assert next(iter(iter_scans(sources()))).name == "a.png"


def test_a_missing_file_is_one_row(tmp_path):
    (found,) = read_slices(tmp_path / "gone.png", "gone.png")
    assert found == FailedScan("gone.png", "gone.png: there is no such file. Check the path.")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no name here")
def test_a_pipe_is_read_once_and_a_device_without_end_is_refused(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(PNG,))
    writer.start()
    (found,) = read_slices(pipe, "pipe.png")
    writer.join()
    assert isinstance(found, Scan)
    (refused,) = read_slices(Path("/dev/zero"), "zero.png", Settings(max_bytes=10_000))
    assert "larger than" in refused.problem


def _descriptors(path):
    """How often this process has a file open; where there is no list of that, it is not known to."""
    listed = Path("/proc/self/fd")
    return sum(one.resolve() == path for one in listed.iterdir()) if listed.is_dir() else 0


def test_an_archive_that_is_refused_is_closed(tmp_path):
    path = tmp_path / "damaged.zip"
    path.write_bytes(zipped({"a.png": PNG})[:-30])
    (refused,) = read_slices(path, "damaged.zip")
    assert isinstance(refused, FailedScan)
    assert _descriptors(path) == 0


def test_a_member_without_a_name_costs_nothing():
    content = zipped({"a.png": PNG, "n.png": PNG, "z.png": PNG}, zipfile.ZIP_STORED).replace(b"n.png", b"\0.png")
    found = list(iter_scans([("x.zip", content), ("after.png", PNG)]))
    assert names(found) == ["x.zip/a.png", "x.zip/z.png", "after.png"]


def test_a_file_on_which_a_parser_fails_unforeseen_costs_its_own_row_alone(monkeypatch):
    def failing(data, *rest):
        if data.endswith(b"bad"):
            raise KeyError("unforeseen")
        return read_picture(data, *rest)

    read_picture = file_slices.read_image
    monkeypatch.setattr(file_slices, "read_image", failing)
    found = list(iter_scans([("a.png", PNG), ("b.png", PNG + b"bad"), ("c.png", PNG)]))
    assert [type(one) for one in found] == [Scan, FailedScan, Scan]
    assert found[1].problem == "b.png: the file is damaged and cannot be read (KeyError). Export or copy it again."


@pytest.mark.parametrize("stop_after", [1, 2])
def test_stopping_early_closes_the_archive(tmp_path, stop_after):
    path = tmp_path / "scans.zip"
    path.write_bytes(zipped({"a.png": PNG, "b.png": PNG}))
    slices = read_slices(path, "scans.zip")
    for _ in range(stop_after):
        next(slices)
    slices.close()
    assert _descriptors(path) == 0
    path.rename(tmp_path / "moved.zip")
