"""A version with a mask: the mask lies on the scan's own pixels, speaks in the verdict, and strangers are refused."""

import json

import numpy as np
import pytest

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES, TumorClass, Verdict
from braintumor.errors import ArtifactError
from braintumor.imaging import preprocess
from braintumor.imaging.scan import Scan
from braintumor.inference import Detector
from braintumor.inference.decision import softmax
from tests.helpers.versions.tiny import write_masked_version, write_version

SQUARE = np.s_[90:120, 150:200]


@pytest.fixture
def masked(workspace):
    write_masked_version(workspace.outputs)
    return Detector.load("v4", workspace)


def _scan() -> np.ndarray:
    """A grey head with a wide margin and a white square in it."""
    pixels = np.zeros((220, 300), np.uint8)
    pixels[40:200, 90:250] = 110
    pixels[SQUARE] = 255
    return pixels


def test_the_mask_lies_on_the_scans_own_pixels(masked):
    found = masked.detect(_scan())
    wanted = np.zeros((220, 300), bool)
    wanted[SQUARE] = True
    assert found.mask.shape == found.mask_probability.shape == (220, 300)
    assert found.mask.dtype == bool
    assert (found.mask & wanted).sum() / (found.mask | wanted).sum() > 0.8
    assert 0 <= found.mask_probability.min() <= found.mask_probability.max() <= 1


def test_the_mask_never_leaves_the_part_of_the_scan_the_model_saw(workspace):
    white = np.zeros((90, 140), np.uint8)
    white[20:80, 30:110] = 255
    write_masked_version(workspace.outputs)
    detector = Detector.load("v4", workspace)
    left, top, right, bottom = preprocess(read(white), detector.artifact.card.input_spec)[1].crop_box
    found = detector.detect(white)
    assert found.mask[top:bottom, left:right].mean() > 0.9
    outside = found.mask_probability.copy()
    outside[top:bottom, left:right] = 0
    assert not outside.any()


def read(pixels: np.ndarray) -> Scan:
    from braintumor.imaging import read_scan

    return read_scan(pixels)


def test_a_version_without_a_mask_gives_none(workspace):
    write_version(workspace.outputs)
    found = Detector.load("v1", workspace).detect(_scan())
    assert found.mask is None
    assert found.mask_probability is None
    assert found.ood_score is None


def test_batches_give_every_output_of_single_scans(masked):
    frames = np.stack([preprocess(read(make_phantom(label, 3, 160).pixels), masked.artifact.card.input_spec)[0]
                       for label in CLASSES])  # fmt: skip
    together = masked.infer_all(frames, batch_size=3)
    for name in ("logits", "maps", "mask", "features"):
        alone = np.concatenate([getattr(masked.infer(frame[None]), name) for frame in frames])
        np.testing.assert_allclose(getattr(together, name), alone, atol=1e-5)


def test_the_mask_moves_the_tumour_probability_as_the_card_weighs_it(workspace):
    found = []
    for name, weight in (("without", 0.0), ("with", 1.0)):
        write_masked_version(workspace.outputs, name, fusion={"label": 1.0, "mask": weight, "bias": 0.0})
        found.append(Detector.load(name, workspace).detect(_scan()))
    assert found[1].tumor_probability > found[0].tumor_probability
    tumours = [c for c in CLASSES if c is not TumorClass.NOTUMOR]
    shares = [[one.probabilities[c] / one.tumor_probability for c in tumours] for one in found]
    assert shares[0] == pytest.approx(shares[1], rel=1e-6)


def test_phantoms_are_read_and_other_pictures_refused(masked):
    for label in CLASSES:
        found = masked.detect(make_phantom(label, 77, 160).pixels)
        assert found.verdict is not Verdict.NOT_BRAIN_MRI
        assert 0 <= found.ood_score < 0.5
    noise = np.random.default_rng(0).integers(0, 256, (200, 200)).astype(np.uint8)
    stripes = np.tile(np.repeat([255, 0], 20), 5).astype(np.uint8)[None].repeat(200, axis=0)
    for picture in (noise, stripes):
        found = masked.detect(picture)
        assert found.verdict is Verdict.NOT_BRAIN_MRI
        assert "times as far" in found.reason
        assert 0.5 <= found.ood_score <= 1
        assert sum(found.probabilities.values()) == pytest.approx(1.0)


def test_an_odd_scan_gets_no_clear_answer(workspace):
    folder = write_masked_version(workspace.outputs)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    card["novelty"] |= {"odd": 0.0, "foreign": 1e9}
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    found = Detector.load("v4", workspace).detect(_scan())
    assert found.verdict is Verdict.UNCERTAIN
    assert "unlike the scans" in found.reason


def test_a_reference_that_was_altered_or_cut_short_is_refused(workspace):
    folder = write_masked_version(workspace.outputs)
    (folder / "ood_reference.csv").write_text("1,2,3\n", encoding="utf-8")
    with pytest.raises(ArtifactError, match=r"ood_reference\.csv was altered"):
        Detector.load("v4", workspace)
    (folder / "ood_reference.csv").unlink()
    with pytest.raises(ArtifactError, match=r"ood_reference\.csv is missing"):
        Detector.load("v4", workspace)


def test_a_reference_the_card_says_too_little_of_is_refused(workspace):
    write_masked_version(workspace.outputs, novelty={"odd": 1.0})
    with pytest.raises(ArtifactError, match=r"not valid \(novelty.*braintumor evaluate v4"):
        Detector.load("v4", workspace)


def test_two_views_answer_a_scan_and_its_mirror_image_alike(workspace) -> None:
    write_masked_version(workspace.outputs, views={"count": 2})
    detector = Detector.load("v4", workspace)
    frames = preprocess(read(_scan()), detector.artifact.card.input_spec)[0][None]
    found, mirrored = detector.infer(frames), detector.infer(np.ascontiguousarray(frames[:, :, ::-1]))
    assert found.logits == pytest.approx(mirrored.logits, abs=1e-5)
    assert found.mask == pytest.approx(mirrored.mask[..., ::-1], abs=1e-6)
    assert found.maps == pytest.approx(mirrored.maps[..., ::-1], abs=1e-6)
    one, other = (detector.infer(seen, tta_views=1) for seen in (frames, np.ascontiguousarray(frames[:, :, ::-1])))
    assert np.array_equal(found.features, one.features)
    assert found.mask == pytest.approx((one.mask + other.mask[..., ::-1]) / 2, abs=1e-6)
    means = (np.log(softmax(one.logits)) + np.log(softmax(other.logits))) / 2
    assert softmax(found.logits) == pytest.approx(softmax(means), abs=1e-6)


def test_a_card_with_another_number_of_views_is_refused(workspace) -> None:
    write_masked_version(workspace.outputs, views={"count": 8})
    with pytest.raises(ArtifactError, match="views.count"):
        Detector.load("v4", workspace)
