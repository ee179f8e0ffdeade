"""Burned-in text, rulers and bars are removed outside the head, and noticed on it."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from braintumor.enums import PictureKind, Plane
from braintumor.evaluation.stress_test.overlay_drawing import OVERLAYS
from braintumor.imaging.picture.examination import examine_picture
from tests.helpers.scan_files.pictures import Pixels, draw_slice


def _small_head(size: int = 512) -> Pixels:
    """Return a head with an empty border of an eighth of the picture."""
    return np.pad(draw_slice(2, size * 3 // 4), size // 8)


@pytest.mark.parametrize("overlay", ["text", "text and ruler", "ruler with axis", "colored text", "large text", "logo"])
def test_marks_outside_the_head_are_removed(overlay: str) -> None:
    clean = _small_head()
    marked = OVERLAYS[overlay](clean)
    examined = examine_picture(marked)
    assert examined.kind is PictureKind.SLICE
    assert examined.has_marks
    before = np.count_nonzero(np.abs(marked.astype(int) - clean) > 40)
    after = np.count_nonzero(np.abs(examined.pixels.astype(int) - clean) > 40)
    assert after <= 0.1 * before


@pytest.mark.parametrize("overlay", ["top bar", "bottom bar"])
def test_bars_are_removed(overlay: str) -> None:
    clean = _small_head()
    examined = examine_picture(OVERLAYS[overlay](clean))
    assert examined.has_marks
    assert np.count_nonzero(np.abs(examined.pixels.astype(int) - clean) > 40) == 0


@pytest.mark.parametrize("overlay", ["top bar", "bottom bar"])
@pytest.mark.parametrize("size", [200, 320, 512])
def test_bars_that_touch_the_head_are_removed(overlay: str, size: int) -> None:
    clean = draw_slice(4, size)[size // 5 : -size // 5]
    examined = examine_picture(OVERLAYS[overlay](clean))
    assert examined.has_marks
    rows = np.s_[: len(clean) // 20] if overlay == "top bar" else np.s_[-(len(clean) // 20) :]
    assert np.ptp(examined.pixels[rows]) == 0


@pytest.mark.parametrize("seed", range(6))
def test_tissue_along_the_border_is_no_bar(seed: int) -> None:
    clean = draw_slice(seed, 320)[64:-64, 64:-64]
    assert np.array_equal(examine_picture(clean).pixels, clean)


@pytest.mark.parametrize("size", [200, 256, 512, 1024])
def test_text_is_removed_at_every_size(size: int) -> None:
    clean = _small_head(size)
    examined = examine_picture(OVERLAYS["text"](clean))
    assert np.count_nonzero(examined.pixels[: size // 9, : size // 4] > 80) < 20


@pytest.mark.parametrize("text", ["DR MILLER 12.04.2019", "Tumour 23.4 mm", "FLAIR TE 120 TR 9000"])
def test_text_on_the_head_is_noticed(text: str) -> None:
    image = Image.fromarray(draw_slice(4, 512) // 2)
    ImageDraw.Draw(image).text((140, 240), text, font=ImageFont.load_default(18), fill=255)
    ImageDraw.Draw(image).text((4, 4), "R 5 / 12", font=ImageFont.load_default(14), fill=255)
    examined = examine_picture(np.array(image))
    assert examined.has_text_on_head
    assert np.count_nonzero(examined.pixels[238:262, 138:300] > 200) < 40


@pytest.mark.parametrize("text", ["12.4 mm", "LESION", "DOE^JANE 1954"])
@pytest.mark.parametrize("size", [256, 512])
@pytest.mark.parametrize("plane", [Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL])
def test_text_within_the_head_alone_is_noticed(text: str, size: int, plane: Plane) -> None:
    image = Image.fromarray(draw_slice(4, size, plane) // 2)
    ImageDraw.Draw(image).text((size // 2, size // 2), text, 255, ImageFont.load_default(size // 18), anchor="mm")
    assert examine_picture(np.array(image)).has_text_on_head


def test_sharpened_slice_is_no_text() -> None:
    for seed in range(6):
        pixels = draw_slice(seed, 256).astype(int)
        texture = np.random.default_rng(seed).integers(-1, 2, pixels.shape) * 90
        assert not examine_picture(np.clip(pixels + texture * (pixels > 0), 0, 255).astype(np.uint8)).has_text_on_head


def test_text_beside_the_head_is_not_on_the_head() -> None:
    examined = examine_picture(OVERLAYS["text"](_small_head()))
    assert examined.has_marks
    assert not examined.has_text_on_head


@pytest.mark.parametrize("plane", [Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL])
@pytest.mark.parametrize("is_tumor", [False, True])
def test_clean_slices_stay_as_they_are(plane: Plane, is_tumor: bool) -> None:
    for seed in range(6):
        for size in (128, 256, 512):
            pixels = draw_slice(seed, size, plane, is_tumor)
            examined = examine_picture(pixels)
            assert examined.pixels is pixels
            assert examined.kind is PictureKind.SLICE


def test_noise_and_tiny_pictures_are_left_alone() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (256, 256)).astype(np.uint8)
    for pixels in (noise, noise[:20, :30], np.zeros((64, 64), np.uint8), np.eye(64, dtype=np.uint8) * np.uint8(255)):
        assert examine_picture(pixels).pixels.shape == pixels.shape
