"""Twin pairs lie as their transform says: turned, the second image looks like the first."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from braintumor.datasets.manifest import manifest_path, read_manifest
from braintumor.datasets.near_duplicates import ORIENTATIONS, compute_orientation_hashes, find_near_duplicates
from braintumor.exploration.leakage_report import load_leakage_report, make_pair_tiles, oriented, sample_near_duplicates
from braintumor.exploration.montage import make_montage
from braintumor.settings import Settings, get_settings


def _alike(one: np.ndarray, other: np.ndarray) -> float:
    size = (64, 64)
    values = [np.asarray(Image.fromarray(image).resize(size), float).ravel() for image in (one, other)]
    return float(np.corrcoef(values)[0, 1])


@pytest.mark.parametrize("made", ORIENTATIONS)
def test_turning_is_what_the_audit_means_by_its_words(made: str) -> None:
    """A picture put through any orientation comes back by the one that the audit names."""
    coarse = np.random.default_rng(1).integers(0, 256, (6, 6), np.uint8)
    picture = np.asarray(Image.fromarray(coarse).resize((90, 90)))
    other = oriented(picture, made)
    hashes = np.stack([compute_orientation_hashes(Image.fromarray(image)) for image in (picture, other)])
    said = ORIENTATIONS[int(find_near_duplicates(hashes)["orientation"].iloc[0])]
    assert np.array_equal(oriented(other, said), picture)
    assert np.array_equal(other, picture) == (made == "identity")


def test_pairs_of_phantoms_look_alike_once_turned(audited: Settings, manifest: pd.DataFrame) -> None:
    report = load_leakage_report(manifest, audited)
    pairs = sample_near_duplicates(report, count=8)
    shown = make_pair_tiles(pairs, audited)
    assert len(shown) == 2 * len(pairs)
    assert {"mirror"} <= set(pairs["transform"])
    for first, second in zip(shown[::2], shown[1::2], strict=True):
        assert _alike(first.pixels, second.pixels) > 0.8
    assert shown[0].caption[0].split(", ")[0] in ("Testing", "Training")
    assert make_montage(shown, columns=4, tile_size=60).shape[2] == 3


@pytest.mark.real
def test_pairs_of_real_scans_look_alike_once_turned() -> None:
    settings = get_settings()
    if not Path(manifest_path(settings)).is_file():
        pytest.skip("the real set has not been audited")
    pairs = sample_near_duplicates(load_leakage_report(read_manifest(settings), settings), count=16, seed=1)
    shown = make_pair_tiles(pairs, settings)
    likeness = [_alike(a.pixels, b.pixels) for a, b in zip(shown[::2], shown[1::2], strict=True)]
    assert np.mean(likeness) > 0.85
