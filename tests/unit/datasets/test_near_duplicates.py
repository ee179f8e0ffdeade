"""Near-duplicates: copies in every orientation are found, other images are not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from braintumor.datasets.near_duplicates import (
    MAX_DISTANCE,
    ORIENTATIONS,
    compute_orientation_hashes,
    find_near_duplicates,
    nearest_hash_distance,
)
from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import TumorClass


def _phantom(seed: int, label: TumorClass = TumorClass.GLIOMA) -> Image.Image:
    return Image.fromarray(make_phantom(label, seed).pixels)


def _transform(image: Image.Image, orientation: int) -> Image.Image:
    base = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if orientation >= 4 else image
    return base.rotate(90 * (orientation % 4), expand=True)


@pytest.mark.parametrize("orientation", range(8), ids=ORIENTATIONS)
def test_transformed_copy_is_found_with_its_orientation(orientation: int) -> None:
    image = _phantom(1)
    hashes = np.stack([compute_orientation_hashes(_transform(image, orientation)), compute_orientation_hashes(image)])
    pairs = find_near_duplicates(hashes)
    assert len(pairs) == 1
    assert pairs["distance"].item() <= MAX_DISTANCE
    assert pairs["orientation"].item() == orientation


def test_resized_copy_is_found_and_another_patient_is_not() -> None:
    image = _phantom(2)
    images = [image, image.resize((190, 190)), _phantom(3, TumorClass.PITUITARY)]
    pairs = find_near_duplicates(np.stack([compute_orientation_hashes(i) for i in images]))
    assert pairs[["a", "b"]].to_numpy().tolist() == [[0, 1]]


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), limit=st.integers(0, 40))
def test_pairs_are_exactly_those_within_the_limit(seed: int, limit: int) -> None:
    generator = np.random.default_rng(seed)
    hashes = generator.integers(0, 2**64, (8, 8, 2), dtype=np.uint64)
    hashes[4:, 3] = hashes[:4, 0] ^ np.uint64(7 << int(generator.integers(50)))
    pairs = find_near_duplicates(hashes, limit)
    for a in range(8):
        for b in range(a + 1, 8):
            distance = min(sum(int(x ^ y).bit_count() for x, y in zip(hashes[a, 0], t, strict=True)) for t in hashes[b])
            match = pairs[(pairs["a"] == a) & (pairs["b"] == b)]
            assert match["distance"].tolist() == ([distance] if distance <= limit else [])


def test_hash_distance_is_the_minimum_over_orientations() -> None:
    oriented = np.zeros((1, 8, 2), np.uint64)
    oriented[0, :, 0] = np.uint64(2**40 - 1)
    oriented[0, 5, 0] = np.uint64(1)
    assert nearest_hash_distance(oriented, np.zeros((1, 2), np.uint64)) == [1]
    assert nearest_hash_distance(oriented, np.empty((0, 2), np.uint64)) == [128]
