"""Compressed scans: small in memory, and the same scan after decompression."""

from dataclasses import replace

import numpy as np
import pytest

from braintumor.imaging import Scan
from braintumor.imaging.compressed_scan import CompressedArray, CompressedScan


def make_scan(is_deep: bool = False) -> Scan:
    values = np.random.default_rng(5).integers(0, 255, (40, 30), dtype=np.uint8)
    raw = values.astype(np.float32) * 12 - 1000 if is_deep else None
    return Scan(values, "a.png", "ab" * 32, "L", 16 if is_deep else 8, raw=raw)


@pytest.mark.parametrize("is_deep", [False, True])
def test_decompressed_scan_equals_the_original(is_deep: bool) -> None:
    scan = make_scan(is_deep)
    again = CompressedScan.from_scan(scan).to_scan()
    np.testing.assert_array_equal(again.to_uint8(), scan.to_uint8())
    assert (again.name, again.sha256, again.bits) == (scan.name, scan.sha256, scan.bits)
    if is_deep:
        assert again.raw is not None
        assert scan.raw is not None
        np.testing.assert_array_equal(again.raw, scan.raw)


def test_fractional_values_are_stored_to_a_65535th_of_their_range() -> None:
    values = np.linspace(-3.7, 12.2, 1200, dtype=np.float32).reshape(40, 30)
    np.testing.assert_allclose(CompressedArray.from_array(values).to_array(), values, atol=(12.2 + 3.7) / 65535)


def test_compressed_scan_with_thumbnail_is_smaller_than_a_quarter_of_a_smooth_scan() -> None:
    smooth = np.add.outer(np.arange(256), np.arange(256)).astype(np.uint8)
    compressed = CompressedScan.from_scan(replace(make_scan(), values=smooth))
    assert len(compressed.gray.data) + len(compressed.thumbnail) < smooth.nbytes / 4
