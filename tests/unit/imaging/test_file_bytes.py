"""Size limits of slices, volumes and archives, the same for content, paths and members of an archive."""

import gzip
import zipfile

import numpy as np
import pytest
from PIL import Image

from braintumor.imaging import FailedScan, Scan, read_scan
from braintumor.imaging.scan_iterator import iter_scans
from braintumor.settings import Settings
from tests.helpers.malformed.valid_files import encode_image, make_zip
from tests.helpers.scan_files.volumes import make_volume, make_voxels, split_volume
from tests.helpers.slices import read_slices

NOISE = np.random.default_rng(1).integers(0, 255, (200, 200), np.uint8)
PNG = encode_image(Image.fromarray(NOISE), "PNG")
VOLUME = make_volume()
# A volume is larger than a slice may be, as 256 x 256 x 256 voxels of 32 bits are by default.
LIMITS = Settings(max_bytes=len(PNG) + 10, max_volume_bytes=len(VOLUME))


def sources_of(content, name, tmp_path):
    (tmp_path / name).write_bytes(content)
    yield content, name
    yield tmp_path / name, name
    yield make_zip({name: content}, zipfile.ZIP_STORED), "a.zip"


@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz", "volume", "v"])
def test_volume_has_its_own_limit(name, tmp_path):
    content = gzip.compress(VOLUME, 0) if "gz" in name or name == "volume" else VOLUME
    limits = LIMITS.model_copy(update={"max_volume_bytes": len(content)})
    assert len(content) > limits.max_bytes
    for source, shown in sources_of(content, name, tmp_path):
        assert all(isinstance(scan, Scan) for scan in read_slices(source, shown, limits))
    tight = limits.model_copy(update={"max_volume_bytes": len(VOLUME) - 1})
    for source, shown in sources_of(content, name, tmp_path):
        (failed,) = read_slices(source, shown, tight)
        assert isinstance(failed, FailedScan)
        assert "the volume is larger than" in failed.problem
        assert failed.problem.endswith("Export part of it.")


def test_voxels_of_a_pair_have_the_limit_of_a_volume(tmp_path):
    header, voxels = split_volume(VOLUME)
    assert len(voxels) > LIMITS.max_bytes
    (tmp_path / "v.img").write_bytes(voxels)
    for source in (voxels, tmp_path / "v.img"):
        results = list(iter_scans([("v.hdr", header), ("v.img", source)], LIMITS))
        assert all(isinstance(scan, Scan) for scan in results)
    results = list(read_slices(make_zip({"v.hdr": header, "v.img": voxels}), "a.zip", LIMITS))
    assert all(isinstance(scan, Scan) for scan in results)


def test_slice_keeps_its_limit(tmp_path):
    limits = LIMITS.model_copy(update={"max_bytes": len(PNG) - 1})
    for source, shown in sources_of(PNG, "a.png", tmp_path):
        (failed,) = read_slices(source, shown, limits)
        assert "the file is larger than" in failed.problem
        assert failed.problem.endswith("Export the slice as a single image.")


def test_renamed_file_does_not_get_the_limit_of_a_volume():
    limits = LIMITS.model_copy(update={"max_bytes": len(PNG) - 1})
    (failed,) = read_slices(PNG, "a.nii", limits)
    assert "larger than" in failed.problem


def test_limits_of_one_file_are_those_of_many():
    assert isinstance(read_scan(PNG, "a.png", LIMITS), Scan)
    limits = Settings()
    assert limits.max_volume_bytes == limits.max_archive_bytes == 4 * limits.max_bytes == 256 * 2**20


def test_compressed_volume_that_declares_too_much_is_not_unpacked():
    values = np.broadcast_to(make_voxels()[:, :, :1], (40, 48, 200)).astype(np.float32)
    (failed,) = read_slices(gzip.compress(make_volume(values)), "v.nii.gz", LIMITS)
    assert "the volume is larger than" in failed.problem
