"""gzip content in one member or several, with any name, and limits on hostile files."""

import gzip
import zlib

import numpy as np
import pytest

from braintumor.imaging import FailedScan, Scan
from braintumor.imaging.containers.gzip_content import decompress_gzip
from braintumor.imaging.file_format import FileFormat, detect_format
from tests.helpers.malformed.valid_files import make_zip
from tests.helpers.scan_files.volumes import CASES, make_volume
from tests.helpers.slices import read_slices

CONTENT = bytes(range(256)) * 1_000


def in_members(content: bytes, size: int) -> bytes:
    return b"".join(gzip.compress(content[start : start + size]) for start in range(0, len(content), size))


def assert_reads_like_plain(source, name):
    for scan, other in zip(read_slices(source, name), read_slices(make_volume(), "v.nii"), strict=True):
        assert isinstance(scan, Scan)
        np.testing.assert_array_equal(scan.raw, other.raw)


@pytest.mark.parametrize("size", [100, 348, 65_280, 10**6])
def test_members_are_joined(size):
    assert decompress_gzip(in_members(CONTENT, size), len(CONTENT)) == CONTENT
    assert_reads_like_plain(in_members(make_volume(), size), "v.nii.gz")


@pytest.mark.parametrize("name", ["IM0001", "v", "v.gz", "v.nii", "v.bin", "head.img.nii.GZ"])
def test_compressed_volume_is_recognized_under_any_name(name):
    assert_reads_like_plain(gzip.compress(make_volume()), name)


def test_compressed_volume_without_suffix_is_read_inside_an_archive_and_from_disk(tmp_path):
    content = gzip.compress(make_volume())
    (tmp_path / "volume").write_bytes(content)
    assert_reads_like_plain(tmp_path / "volume", "volume")
    assert_reads_like_plain(make_zip({"volume": content}), "a.zip")


def test_empty_first_member_and_zeros_at_the_end_are_skipped():
    content = gzip.compress(b"") + in_members(make_volume(), 5_000) + bytes(512)
    assert_reads_like_plain(content, "volume")


def test_only_the_requested_bytes_are_decompressed():
    bomb = gzip.compress(CONTENT) + gzip.compress(bytes(50 * 2**20))
    assert decompress_gzip(bomb, 10) == CONTENT[:10]
    assert decompress_gzip(gzip.compress(CONTENT), 10**9) == CONTENT


def test_millions_of_empty_members_end_early():
    assert decompress_gzip(gzip.compress(b"") * 60_000 + gzip.compress(CONTENT), 10) == b""


def test_damaged_content_is_an_error():
    damaged = bytearray(gzip.compress(make_volume()))
    damaged[20_000:20_100] = bytes(100)
    with pytest.raises(zlib.error):
        decompress_gzip(bytes(damaged), 10**6)
    (failed,) = read_slices(bytes(damaged), "v.nii.gz")
    assert isinstance(failed, FailedScan)
    assert "truncated or damaged" in failed.problem


def test_other_compressed_content_is_an_archive():
    assert detect_format(gzip.compress(CONTENT), "data") is FileFormat.ARCHIVE
    assert detect_format(b"\x1f\x8b" + bytes(40), "data") is FileFormat.ARCHIVE


@pytest.mark.skipif(not CASES.is_dir(), reason="the collected inputs are absent")
@pytest.mark.parametrize("name", ["multi_member.nii.gz", "gz_nifti_without_suffix"])
def test_collected_volume_is_read(name):
    scans = list(read_slices(CASES / name, name))
    assert len(scans) > 100
    assert all(isinstance(scan, Scan) for scan in scans)
