"""A merged graph says what averaging its members' answers by hand says."""

from functools import cache

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper
from scipy.special import log_softmax, logsumexp, softmax

from braintumor.imaging import InputContract
from braintumor.models.gradient import gradient_graph
from braintumor.models.merged import Member, joined, merged
from braintumor.models.resampling import placing, resizing
from braintumor.vocabulary import HEALTHY_INDEX, TUMOR_INDICES, Task
from tests.support.model import CONTRACT, build, fit, phantom_frames

EXTENT = (18.0, 12.0, 132.0, 138.0)
GREY = InputContract(height=160, width=160, channels=1)


@cache
def _members() -> tuple[Member, Member]:
    """One plain, whose maps leave out a rim, and one with a mask and features."""
    plain, masked = build(*fit(seed=1000)), build(*fit(seed=4000), masked=True)
    return Member("plain", plain, CONTRACT, EXTENT), Member("masked-one", masked, CONTRACT)


def _run(content: bytes, images: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {session.get_inputs()[0].name: images}), strict=True))


@cache
def _frames() -> np.ndarray:
    return phantom_frames(2, 7000)[0].astype(np.float32) / np.float32(255)


def _as_they_are() -> np.ndarray:
    return np.repeat(_frames()[..., None], 3, axis=3)


def test_of_equal_sizes_it_is_the_average_to_the_last_bit() -> None:
    images = _as_they_are()
    one, other = (_run(member.content, images) for member in _members())
    found = _run(merged(_members(), CONTRACT, [0.25, 0.75], [2.0, 0.5]), images)
    expected = one["logits"] * np.float32(0.25 / 2.0) + other["logits"] * np.float32(0.75 / 0.5)
    assert np.array_equal(found["logits"], expected)


def test_probabilities_are_those_of_averaged_log_probabilities() -> None:
    images = _as_they_are()
    said = [log_softmax(_run(member.content, images)["logits"].astype(np.float64), axis=1) for member in _members()]
    found = _run(merged(_members(), CONTRACT, [0.5, 0.5], [1.0, 1.0]), images)
    assert found["probabilities"] == pytest.approx(softmax((said[0] + said[1]) / 2, axis=1), abs=1e-6)


def test_a_member_of_another_size_is_shown_the_frame_resized() -> None:
    frames = np.random.default_rng(1).random((3, 160, 160), np.float32)
    shrink = resizing(160, 150)
    shown = np.repeat(np.einsum("ri,nij,sj->nrs", shrink, frames, shrink)[..., None], 3, axis=3).astype(np.float32)
    one, other = (_run(member.content, shown) for member in _members())
    found = _run(merged(_members(), GREY, [0.5, 0.5], [1.0, 1.0]), frames[..., None])
    assert found["logits"] == pytest.approx((one["logits"] + other["logits"]) / 2, abs=1e-5)


def test_a_grey_member_of_a_colourful_ensemble_is_shown_one_channel() -> None:
    content = _run_through("ReduceMean", axes=[1, 2], keepdims=0)
    grey = Member("grey", content, InputContract(height=150, width=150, channels=1))
    said = _run(joined([grey], CONTRACT).SerializeToString(), _as_they_are())
    assert said["grey/logits"][:, 0] == pytest.approx(_frames().mean(axis=(1, 2)), abs=1e-5)


def _run_through(operator: str, **attributes: object) -> bytes:
    """A network in an earlier version of the operators that only sums up the picture."""
    values = [helper.make_tensor_value_info("image", 1, ["n", 150, 150, 1])]
    outputs = [helper.make_tensor_value_info("logits", 1, ["n", 4])]
    nodes = [
        helper.make_node(operator, ["image"], ["mean"], **attributes),
        helper.make_node("Concat", ["mean"] * 4, ["logits"], axis=1),
    ]
    graph = helper.make_graph(nodes, "grey", values, outputs)
    return bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8).SerializeToString()
    )


def test_members_in_different_versions_of_the_operators_are_brought_to_the_later() -> None:
    old = Member("old", _run_through("ReduceMean", axes=[1, 2], keepdims=0), InputContract(150, 150, channels=1))
    content = merged([_members()[0], old], CONTRACT, [0.5, 0.5], [1.0, 1.0])
    expected = (_run(_members()[0].content, _as_they_are())["logits"] + _frames().mean(axis=(1, 2))[:, None]) / 2
    assert _run(content, _as_they_are())["logits"] == pytest.approx(expected, abs=1e-5)


def test_maps_are_averaged_over_the_frame_each_at_its_own_scale() -> None:
    images = _as_they_are()
    members, weights = _members(), (0.25, 0.75)
    found = _run(merged(members, CONTRACT, weights, [1.0, 1.0]), images)["maps"]
    expected = np.zeros_like(found)
    left, top, right, bottom = (edge / 150 for edge in EXTENT)
    placed = [(placing(12, 12, (top, bottom)), placing(12, 12, (left, right))), (np.eye(12), np.eye(12))]
    for member, weight, (down, across) in zip(members, weights, placed, strict=True):
        maps = _run(member.content, images)["maps"]
        expected += weight * (down @ (maps / maps.max(axis=(1, 2, 3), keepdims=True)) @ across.T)
    assert found == pytest.approx(expected, abs=1e-5)


def test_mask_and_features_are_those_of_the_member_that_has_them() -> None:
    images = _as_they_are()
    own = _run(_members()[1].content, images)
    found = _run(merged(_members(), CONTRACT, [0.9, 0.1], [1.0, 1.0]), images)
    for output in ("mask", "features"):
        assert np.array_equal(found[output], own[output])


def test_of_tumour_or_none_the_log_odds_are_averaged_and_no_kind_is_told() -> None:
    images = _as_they_are()

    def log_odds(logits: np.ndarray) -> np.ndarray:
        return logsumexp(logits[:, list(TUMOR_INDICES)], axis=1) - logits[:, HEALTHY_INDEX]

    one, other = (log_odds(_run(member.content, images)["logits"]) for member in _members())
    found = _run(merged(_members(), CONTRACT, [0.5, 0.5], [2.0, 1.0], Task.TUMOR), images)
    assert log_odds(found["logits"]) == pytest.approx(one / 4 + other / 2, abs=1e-5)
    kinds = found["probabilities"][:, list(TUMOR_INDICES)]
    assert kinds == pytest.approx(np.repeat(kinds[:, :1], 3, axis=1))
    assert np.array_equal(found["maps"][:, TUMOR_INDICES[0]], found["maps"][:, TUMOR_INDICES[-1]])


def test_without_maps_or_a_mask_it_gives_none() -> None:
    old = Member("old", _run_through("ReduceMean", axes=[1, 2], keepdims=0), InputContract(150, 150, channels=1))
    graph = onnx.load_from_string(merged([old, old_again(old)], GREY, [0.5, 0.5], [1.0, 1.0])).graph
    assert {output.name for output in graph.output} == {"logits", "probabilities"}


def old_again(member: Member) -> Member:
    return Member("again", member.content, member.contract)


def test_the_gradient_is_the_weighted_one_of_its_members() -> None:
    """One member alone at weight one: its own gradient, brought back onto the frame of the ensemble."""
    frames = np.random.default_rng(2).random((1, 160, 160, 1), np.float32)
    shrink = resizing(160, 150)
    shown = np.repeat(np.einsum("ri,nijc,sj->nrsc", shrink, frames, shrink), 3, axis=3).astype(np.float32)
    member = _members()[0]
    own = _run(gradient_graph(member.content), shown)["gradient"].sum(axis=3)
    found = _run(gradient_graph(merged([member], GREY, [1.0], [1.0])), frames)["gradient"][..., 0]
    assert found == pytest.approx(np.einsum("ri,nrs,sj->nij", shrink, own, shrink), abs=1e-5)
