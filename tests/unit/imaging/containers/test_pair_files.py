"""Volumes in two files, read together from uploads, folders and archives; a lone half names the other."""

import gzip
import io

import nibabel
import numpy as np
import pytest
from PIL import Image

from braintumor.imaging import FailedScan, Scan
from braintumor.imaging.containers.nifti_header import UNKNOWN_ORIENTATION_WARNING
from braintumor.imaging.scan_iterator import iter_scans
from braintumor.settings import Settings
from tests.helpers.dicoms import make_dicom
from tests.helpers.malformed.valid_files import encode_image, make_zip
from tests.helpers.scan_files.volumes import make_volume, make_voxels, set_fields, split_volume
from tests.helpers.slices import read_slices

HEADER, VOXELS = split_volume(make_volume())


def assert_reads_like_single_file(sources, name):
    scans = list(iter_scans(sources))
    for scan, other in zip(scans, read_slices(make_volume(), "v.nii"), strict=True):
        assert isinstance(scan, Scan)
        np.testing.assert_array_equal(scan.raw, other.raw)
        assert scan.name.startswith(f"{name} [")
        assert scan.spacing == other.spacing
    return scans


@pytest.mark.parametrize(
    ("header_name", "image_name"),
    [("brain.hdr", "brain.img"), ("a/b.hdr", "a/b.img"), ("BRAIN.HDR", "brain.img"), ("a.b.hdr", "a.b.IMG")],
)
def test_pair_is_read_as_one_volume_in_either_order(header_name, image_name):
    sources = [(header_name, HEADER), (image_name, VOXELS)]
    assert_reads_like_single_file(sources, image_name)
    assert_reads_like_single_file(sources[::-1], image_name)


def test_compressed_halves_are_read():
    assert_reads_like_single_file(
        [("b.hdr.gz", gzip.compress(HEADER, mtime=0)), ("b.img.gz", gzip.compress(VOXELS, mtime=0))], "b.img.gz"
    )
    assert_reads_like_single_file([("b.img", gzip.compress(VOXELS, mtime=0)), ("b.hdr", HEADER)], "b.img")


def test_pair_is_read_from_disk_and_in_an_archive(tmp_path):
    nibabel.Nifti1Pair(make_voxels(), np.eye(4)).to_filename(tmp_path / "x.hdr")
    paths = [(name, tmp_path / name) for name in ("x.hdr", "x.img")]
    assert_reads_like_single_file(paths, "x.img")
    content = make_zip({name: path.read_bytes() for name, path in paths} | {"y/x.hdr": HEADER, "y/x.img": VOXELS})
    scans = list(read_slices(content, "a.zip"))
    assert {scan.name.partition(" [")[0] for scan in scans} == {"a.zip/x.img", "a.zip/y/x.img"}


def test_other_versions_and_byte_orders_of_pairs_are_read():
    version_2 = split_volume(make_volume(image_class=nibabel.Nifti2Image))
    big = nibabel.Nifti1Pair(make_voxels(), np.eye(4), nibabel.nifti1.Nifti1PairHeader(endianness=">"))
    files = {part: nibabel.fileholders.FileHolder(fileobj=io.BytesIO()) for part in ("header", "image")}
    big.to_file_map(files)
    big_endian = tuple(files[part].fileobj.getvalue() for part in ("header", "image"))
    for header, voxels in (version_2, big_endian):
        assert_reads_like_single_file([("v.hdr", header), ("v.img", voxels)], "v.img")


def test_offset_of_the_voxels_and_orientation_of_the_header_are_obeyed():
    turned = make_volume(affine=np.array([[0, 0, 1.0, 0], [-1.0, 0, 0, 0], [0, -1.0, 0, 0], [0, 0, 0, 1]]))
    header, voxels = split_volume(turned)
    scans = iter_scans([("v.hdr", set_fields(header, vox_offset=16)), ("v.img", bytes(16) + voxels)])
    for scan, other in zip(scans, read_slices(turned, "v.nii"), strict=True):
        np.testing.assert_array_equal(scan.raw, other.raw)
        assert scan.is_oriented


def test_analyze_volume_runs_from_right_to_left_and_states_no_orientation(tmp_path):
    nibabel.AnalyzeImage(make_voxels()[::-1], None).to_filename(tmp_path / "old.img")
    sources = [(name, (tmp_path / name).read_bytes()) for name in ("old.hdr", "old.img")]
    for scan in assert_reads_like_single_file(sources, "old.img"):
        assert scan.warnings == (UNKNOWN_ORIENTATION_WARNING,)
        assert not scan.is_oriented


@pytest.mark.parametrize(
    ("name", "content", "missing"),
    [
        ("a/brain.hdr", HEADER, "brain.img"),
        ("brain.img", VOXELS, "brain.hdr"),
        ("brain.img.gz", gzip.compress(VOXELS, mtime=0), "brain.hdr"),
        ("brain.hdr.gz", gzip.compress(HEADER, mtime=0), "brain.img"),
    ],
)
def test_lone_half_names_the_missing_one(name, content, missing):
    for source, shown in ((content, name), (make_zip({name: content}), f"a.zip/{name}")):
        (failed,) = read_slices(source, "a.zip" if shown != name else name)
        assert isinstance(failed, FailedScan)
        assert failed.problem.startswith(f"{shown}: this is one half of a volume")
        assert f"{missing} is missing" in failed.problem
        assert failed.sha256 is None or failed.sha256


def test_halves_of_different_volumes_are_not_joined():
    results = list(iter_scans([("a.hdr", HEADER), ("b.img", VOXELS), ("sub/a.img", VOXELS)]))
    assert [result.name for result in results] == ["a.hdr", "b.img", "sub/a.img"]
    assert all(isinstance(result, FailedScan) for result in results)


def test_volumes_of_one_name_from_two_folders_are_both_read():
    sources = [("v.hdr", HEADER), ("v.hdr", HEADER), ("v.img", VOXELS), ("v.img", VOXELS)]
    assert len(list(iter_scans(sources))) == 2 * len(list(read_slices(make_volume(), "v.nii")))


def test_other_formats_with_the_suffix_of_a_half_are_read_as_what_they_are():
    gray = np.rint(np.random.default_rng(1).random((64, 64)) * 255).astype(np.uint8)
    sources = [("IM1.img", make_dicom(gray.astype(np.uint16))), ("p.img", encode_image(Image.fromarray(gray), "PNG"))]
    sources += [("p.hdr", b"#?RADIANCE\n"), ("v.img", make_volume())]
    results = {result.name.partition(" [")[0]: result for result in iter_scans(sources)}
    assert isinstance(results["IM1.img"], Scan)
    assert isinstance(results["p.img"], Scan)
    assert isinstance(results["v.img"], Scan)
    assert "not a JPEG" in results["p.hdr"].problem


@pytest.mark.parametrize(
    ("header", "voxels", "expected"),
    [
        (HEADER, VOXELS[:-1], "truncated or damaged"),
        (set_fields(HEADER, dim=[3, 3_000, 3_000, 3_000, 1, 1, 1, 1]), VOXELS, "larger than 256 MB"),
        (set_fields(HEADER, dim=[3, -1, 40, 40, 1, 1, 1, 1]), VOXELS, "truncated or damaged"),
        (set_fields(HEADER, datatype=77), VOXELS, "truncated or damaged"),
        (HEADER, gzip.compress(VOXELS, mtime=0)[:500], "truncated or damaged"),
    ],
)
def test_invalid_pair_fails_alone(header, voxels, expected):
    png = encode_image(Image.fromarray(make_voxels()[20].astype(np.uint8)), "PNG")
    results = list(iter_scans([("v.hdr", header), ("v.img", voxels), ("a.png", png)], Settings()))
    assert [type(result) for result in results] == [FailedScan, Scan]
    assert expected in results[0].problem
