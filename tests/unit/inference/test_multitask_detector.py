"""Multitask detector: the mask has the pixel grid of the scan and counts in the verdict; other images are rejected."""

import json

import numpy as np
import pytest

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES, TumorClass, Verdict
from braintumor.errors import ArtifactError
from braintumor.imaging import preprocess, read_scan
from braintumor.inference import Detector
from braintumor.inference.decision import softmax
from tests.helpers.versions.tiny import write_masked_version, write_version

SQUARE = np.s_[90:120, 150:200]


@pytest.fixture
def masked(workspace):
    write_masked_version(workspace.outputs)
    return Detector.load("v4", workspace)


def _scan() -> np.ndarray:
    """Draw a grey head with a wide margin and a white square in it."""
    pixels = np.zeros((220, 300), np.uint8)
    pixels[40:200, 90:250] = 110
    pixels[SQUARE] = 255
    return pixels


def test_mask_has_the_pixel_grid_of_the_scan(masked):
    detection = masked.detect(_scan())
    square = np.zeros((220, 300), bool)
    square[SQUARE] = True
    assert detection.mask.shape == detection.mask_probability.shape == (220, 300)
    assert detection.mask.dtype == bool
    assert (detection.mask & square).sum() / (detection.mask | square).sum() > 0.8
    assert 0 <= detection.mask_probability.min() <= detection.mask_probability.max() <= 1


def test_mask_stays_inside_the_crop(workspace):
    white = np.zeros((90, 140), np.uint8)
    white[20:80, 30:110] = 255
    write_masked_version(workspace.outputs)
    detector = Detector.load("v4", workspace)
    left, top, right, bottom = preprocess(read_scan(white), detector.artifact.card.input_spec)[1].crop_box
    detection = detector.detect(white)
    assert detection.mask[top:bottom, left:right].mean() > 0.9
    margin = detection.mask_probability.copy()
    margin[top:bottom, left:right] = 0
    assert not margin.any()


def test_version_without_a_mask_has_none(workspace):
    write_version(workspace.outputs)
    detection = Detector.load("v1", workspace).detect(_scan())
    assert detection.mask is None
    assert detection.mask_probability is None
    assert detection.ood_score is None


def test_batches_have_every_output_of_single_scans(masked):
    scans = [read_scan(make_phantom(label, 3, 160).pixels) for label in CLASSES]
    model_inputs = np.stack([preprocess(scan, masked.artifact.card.input_spec)[0] for scan in scans])
    together = masked.infer_all(model_inputs, batch_size=3)
    for name in ("logits", "maps", "mask", "features"):
        alone = np.concatenate([getattr(masked.infer(model_input[None]), name) for model_input in model_inputs])
        np.testing.assert_allclose(getattr(together, name), alone, atol=1e-5)


def test_mask_changes_the_tumor_probability_with_the_weight_of_the_card(workspace):
    detections = []
    for name, weight in (("without", 0.0), ("with", 1.0)):
        write_masked_version(workspace.outputs, name, fusion={"label": 1.0, "mask": weight, "bias": 0.0})
        detections.append(Detector.load(name, workspace).detect(_scan()))
    assert detections[1].tumor_probability > detections[0].tumor_probability
    tumors = [c for c in CLASSES if c is not TumorClass.NOTUMOR]
    shares = [[one.probabilities[c] / one.tumor_probability for c in tumors] for one in detections]
    assert shares[0] == pytest.approx(shares[1], rel=1e-6)


def test_phantoms_are_accepted_and_other_images_rejected(masked):
    for label in CLASSES:
        detection = masked.detect(make_phantom(label, 77, 160).pixels)
        assert detection.verdict is not Verdict.NOT_BRAIN_MRI
        assert 0 <= detection.ood_score < 0.5
    noise = np.random.default_rng(0).integers(0, 256, (200, 200)).astype(np.uint8)
    stripes = np.tile(np.repeat([255, 0], 20), 5).astype(np.uint8)[None].repeat(200, axis=0)
    for image in (noise, stripes):
        detection = masked.detect(image)
        assert detection.verdict is Verdict.NOT_BRAIN_MRI
        assert "(rejected at 0.50 or above)" in detection.reason
        assert 0.5 <= detection.ood_score <= 1
        assert sum(detection.probabilities.values()) == pytest.approx(1.0)


def test_unusual_scan_is_uncertain(workspace):
    folder = write_masked_version(workspace.outputs)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    card["ood"] |= {"unusual_at": 0.0, "reject_at": 1e9}
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    detection = Detector.load("v4", workspace).detect(_scan())
    assert detection.verdict is Verdict.UNCERTAIN
    assert "differs from the training scans" in detection.reason


def test_altered_or_missing_ood_reference_is_refused(workspace):
    folder = write_masked_version(workspace.outputs)
    (folder / "ood_reference.csv").write_text("1,2,3\n", encoding="utf-8")
    with pytest.raises(ArtifactError, match=r"ood_reference\.csv was altered"):
        Detector.load("v4", workspace)
    (folder / "ood_reference.csv").unlink()
    with pytest.raises(ArtifactError, match=r"ood_reference\.csv is missing"):
        Detector.load("v4", workspace)


def test_ood_entry_without_limits_is_refused(workspace):
    write_masked_version(workspace.outputs, ood={"unusual_at": 1.0})
    with pytest.raises(ArtifactError, match=r"not valid \(ood.*braintumor evaluate v4"):
        Detector.load("v4", workspace)


def test_two_views_give_equal_outputs_for_a_scan_and_its_mirror_image(workspace) -> None:
    write_masked_version(workspace.outputs, views={"count": 2})
    detector = Detector.load("v4", workspace)
    model_inputs = preprocess(read_scan(_scan()), detector.artifact.card.input_spec)[0][None]
    outputs, mirrored = detector.infer(model_inputs), detector.infer(np.ascontiguousarray(model_inputs[:, :, ::-1]))
    assert outputs.logits == pytest.approx(mirrored.logits, abs=1e-5)
    assert outputs.mask == pytest.approx(mirrored.mask[..., ::-1], abs=1e-6)
    assert outputs.maps == pytest.approx(mirrored.maps[..., ::-1], abs=1e-6)
    one, other = (
        detector.infer(view, tta_views=1) for view in (model_inputs, np.ascontiguousarray(model_inputs[:, :, ::-1]))
    )
    assert np.array_equal(outputs.features, one.features)
    assert outputs.mask == pytest.approx((one.mask + other.mask[..., ::-1]) / 2, abs=1e-6)
    means = (np.log(softmax(one.logits)) + np.log(softmax(other.logits))) / 2
    assert softmax(outputs.logits) == pytest.approx(softmax(means), abs=1e-6)


def test_card_with_another_number_of_views_is_refused(workspace) -> None:
    write_masked_version(workspace.outputs, views={"count": 8})
    with pytest.raises(ArtifactError, match=r"views\.count"):
        Detector.load("v4", workspace)
