"""Ensembles: outputs equal the average computed by hand, and other members than those of the card are refused."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.special import log_softmax, logsumexp, softmax

from braintumor.enums import NO_TUMOR_INDEX, TUMOR_INDICES
from braintumor.errors import ArtifactError
from braintumor.imaging import InputSpec, to_batch
from braintumor.inference import Detector, list_models, load_artifact
from braintumor.inference.ensemble import resize_input, resize_matrix
from braintumor.inference.outputs import Outputs
from braintumor.services.explain import explain
from braintumor.settings import Settings
from tests.helpers.tiny_model import CONTRACT, build, fit, phantom_frames
from tests.helpers.versions.tiny import write_version

EXTENT = (18.0, 12.0, 132.0, 138.0)
GRAY = InputSpec(height=160, width=160, channels=1)
PLAIN, MASKED = "plain", "masked-one"
Floats = NDArray[np.float32]


@cache
def _content(version: str) -> bytes:
    return build(*fit(8, 1000)) if version == PLAIN else build(*fit(8, 4000), masked=True)


@cache
def _frames() -> NDArray[np.uint8]:
    return phantom_frames(2, 7000)[0]


def _write(settings: Settings, weights: tuple[float, ...], temperatures: tuple[float, ...], **changes: Any) -> Path:
    """Write a plain member with a map extent, one with mask and features, and the ensemble of both."""
    members = []
    for version, weight, temperature in zip((PLAIN, MASKED), weights, temperatures, strict=True):
        sha256 = hashlib.sha256(_content(version)).hexdigest()
        extent = EXTENT if version == PLAIN else None
        write_version(settings.outputs, version, _content(version), files={"model.onnx": sha256}, map_extent=extent)
        members.append({"version": version, "weight": weight, "temperature": temperature, "sha256": sha256})
    folder = write_version(settings.outputs, "both", files={}, members=members, **changes)
    (folder / "model.onnx").unlink()
    return folder


def _infer(settings: Settings, version: str) -> Outputs:
    return Detector.load(version, settings).infer(_frames())


def _both(settings: Settings) -> tuple[Outputs, Outputs]:
    return _infer(settings, PLAIN), _infer(settings, MASKED)


def _log_odds(logits: Floats) -> Floats:
    return np.asarray(logsumexp(logits[:, list(TUMOR_INDICES)], axis=1) - logits[:, NO_TUMOR_INDEX])


def test_logits_are_the_weighted_average_at_the_temperature_of_each_member(workspace: Settings) -> None:
    _write(workspace, (0.25, 0.75), (2.0, 0.5))
    one, other = _both(workspace)
    expected = one.logits * np.float32(0.25 / 2.0) + other.logits * np.float32(0.75 / 0.5)
    assert np.array_equal(_infer(workspace, "both").logits, expected)


def test_probabilities_are_those_of_averaged_log_probabilities(workspace: Settings) -> None:
    _write(workspace, (0.5, 0.5), (1.0, 1.0))
    one, other = (log_softmax(outputs.logits.astype(np.float64), axis=1) for outputs in _both(workspace))
    detector = Detector.load("both", workspace)
    expected = softmax((one + other) / 2, axis=1)
    assert detector.probabilities(detector.infer(_frames())) == pytest.approx(expected, abs=1e-6)


def test_input_is_resized_for_a_member_of_another_size_as_by_pillow(workspace: Settings) -> None:
    _write(workspace, (0.5, 0.5), (1.0, 1.0), input=GRAY.to_dict())
    frames = np.random.default_rng(1).integers(0, 256, (3, 160, 160), np.uint8)
    pictures = [Image.fromarray(frame.astype(np.float32) / np.float32(255)) for frame in frames]
    resized = np.stack([np.asarray(picture.resize((150, 150), Image.Resampling.BILINEAR)) for picture in pictures])
    expected_input = np.repeat(resized[..., None], 3, axis=3)
    assert resize_input(to_batch(frames, GRAY), CONTRACT) == pytest.approx(expected_input, abs=1e-6)
    detectors = [Detector.load(version, workspace) for version in (PLAIN, MASKED)]
    one, other = (detector._model.run(expected_input).logits for detector in detectors)
    assert Detector.load("both", workspace).infer(frames).logits == pytest.approx((one + other) / 2, abs=1e-4)


def test_member_with_one_channel_gets_one_channel(workspace: Settings) -> None:
    batch = to_batch(_frames(), CONTRACT)
    gray = resize_input(batch, InputSpec(height=150, width=150, channels=1))
    assert np.array_equal(gray, batch[..., :1])
    assert resize_input(batch, CONTRACT) is batch


@pytest.mark.parametrize("side", [96, 150, 160, 224])
def test_resize_matrix_matches_pillow(side: int) -> None:
    picture = np.random.default_rng(0).random((160, 120), np.float32)
    expected = np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BILINEAR))
    resized = resize_matrix(160, side) @ picture @ resize_matrix(120, side).T
    assert np.abs(resized - expected).max() < 1e-6


def test_map_of_the_whole_input_keeps_its_level() -> None:
    assert resize_matrix(7, 20).sum(axis=1) == pytest.approx(1.0)


def test_map_of_the_centre_leaves_the_border_empty() -> None:
    row = resize_matrix(4, 16, (0.25, 0.75)) @ np.ones(4, np.float32)
    assert (row[:3] == 0).all()
    assert (row[-3:] == 0).all()
    assert row[5:11] == pytest.approx(1.0)


def test_map_cells_keep_their_position() -> None:
    for cell in range(4):
        row = resize_matrix(4, 64, (0.25, 0.75))[:, cell]
        center = (row * (np.arange(64) + 0.5)).sum() / row.sum() / 64
        assert center == pytest.approx(0.25 + 0.5 * (cell + 0.5) / 4, abs=1e-6)


def test_maps_are_scaled_by_their_maximum_and_averaged(workspace: Settings) -> None:
    _write(workspace, (0.25, 0.75), (1.0, 1.0))
    left, top, right, bottom = (edge / 150 for edge in EXTENT)
    matrices = [(resize_matrix(12, 12, (top, bottom)), resize_matrix(12, 12, (left, right))), (np.eye(12), np.eye(12))]
    expected = np.zeros((len(_frames()), 4, 12, 12))
    for outputs, weight, (down, across) in zip(_both(workspace), (0.25, 0.75), matrices, strict=True):
        assert outputs.maps is not None
        peaks = outputs.maps.max(axis=(1, 2, 3), keepdims=True)
        expected += weight * (down @ (outputs.maps / peaks) @ across.T)
    assert _infer(workspace, "both").maps == pytest.approx(expected, abs=1e-5)


def test_mask_and_features_come_from_the_member_that_has_them(workspace: Settings) -> None:
    _write(workspace, (0.9, 0.1), (1.0, 1.0))
    member, averaged = _infer(workspace, MASKED), _infer(workspace, "both")
    assert member.mask is not None
    assert np.array_equal(averaged.mask, member.mask)
    assert np.array_equal(averaged.features, member.features)


def test_binary_ensemble_averages_log_odds_with_equal_tumor_classes(workspace: Settings) -> None:
    _write(workspace, (0.5, 0.5), (2.0, 1.0), task="tumor", decision={"threshold": 0.5})
    one, other = (_log_odds(outputs.logits) for outputs in _both(workspace))
    averaged = _infer(workspace, "both")
    assert _log_odds(averaged.logits) == pytest.approx(one / 4 + other / 2, abs=1e-5)
    tumors = averaged.logits[:, list(TUMOR_INDICES)]
    assert np.array_equal(tumors, np.repeat(tumors[:, :1], 3, axis=1))
    assert averaged.maps is not None
    assert np.array_equal(averaged.maps[:, TUMOR_INDICES[0]], averaged.maps[:, TUMOR_INDICES[-1]])


def test_ensemble_is_listed_only_with_all_member_models(workspace: Settings) -> None:
    _write(workspace, (0.5, 0.5), (1.0, 1.0))
    assert list_models(workspace) == ["both", MASKED, PLAIN]
    (workspace.outputs / PLAIN / "model.onnx").unlink()
    assert list_models(workspace) == [MASKED]
    with pytest.raises(ArtifactError, match=r"both averages plain.*model\.onnx is missing"):
        Detector.load("both", workspace)


def test_retrained_member_is_refused(workspace: Settings) -> None:
    _write(workspace, (0.5, 0.5), (1.0, 1.0))
    write_version(workspace.outputs, PLAIN, files={"model.onnx": "0" * 64})
    with pytest.raises(ArtifactError, match="plain is not the model that this ensemble was built from"):
        Detector.load("both", workspace)


def test_altered_member_file_is_refused(workspace: Settings) -> None:
    _write(workspace, (0.5, 0.5), (1.0, 1.0))
    path = workspace.outputs / MASKED / "model.onnx"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ArtifactError, match=r"both averages masked-one.*its hash differs"):
        Detector.load("both", workspace)


@pytest.mark.parametrize("entry", [{"weight": 0.0}, {"temperature": -1.0}, {"sha256": None, "weight": "much"}])
def test_card_with_invalid_members_is_refused(entry: dict[str, Any], workspace: Settings) -> None:
    path = _write(workspace, (0.5, 0.5), (1.0, 1.0)) / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    card["members"][0] |= entry
    path.write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ArtifactError, match=r"card\.json is not valid"):
        load_artifact("both", workspace)


def test_hashes_files_and_fingerprint_are_those_of_the_members(workspace: Settings) -> None:
    artifact = load_artifact(_write(workspace, (0.5, 0.5), (1.0, 1.0)).name, workspace)
    hashes = {version: hashlib.sha256(_content(version)).hexdigest() for version in (PLAIN, MASKED)}
    assert artifact.card.model_hashes == hashes
    assert [path.read_bytes() for path in artifact.model_paths()] == [_content(PLAIN), _content(MASKED)]
    other = load_artifact(_write(workspace, (0.4, 0.6), (1.0, 1.0)).name, workspace)
    assert artifact.card.fingerprint != other.card.fingerprint


def test_explain_notes_that_an_ensemble_has_no_saliency_map(workspace: Settings, tmp_path: Path) -> None:
    _write(workspace, (0.5, 0.5), (1.0, 1.0))
    path = tmp_path / "scan.png"
    Image.fromarray(_frames()[0]).save(path)

    def finder(_: object) -> Any:
        raise AssertionError("an ensemble has no graph to derive")

    done = explain([path], tmp_path / "figures", "both", workspace, finder=finder)
    assert len(done.figures) == 1
    assert "An ensemble has no saliency map. Use one of its members" in str(done)
