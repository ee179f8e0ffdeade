"""Mask fusion: the mask changes the tumour odds and nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from braintumor.enums import TUMOR_INDICES
from braintumor.inference.decision import MaskFusion, softmax, tumor_log_odds, tumor_probability
from braintumor.inference.outputs import Outputs

LOGITS = hnp.arrays(np.float32, (3, 4), elements=st.floats(-20, 20, width=32))
MASKS = hnp.arrays(np.float32, (3, 5, 6), elements=st.floats(0, 1, width=32))
FUSIONS = st.builds(MaskFusion, st.floats(0, 3), st.floats(0, 3), st.floats(-5, 5))


@given(LOGITS, MASKS, FUSIONS)
def test_tumor_odds_are_the_weighted_sum(logits, masks, fusion):
    outputs = Outputs(logits, mask=masks)
    expected = fusion.label * tumor_log_odds(logits) + fusion.mask * outputs.mask_log_odds() + fusion.bias
    fused = fusion.fuse_logits(outputs)
    np.testing.assert_allclose(tumor_log_odds(fused), expected, atol=1e-6)
    np.testing.assert_allclose(tumor_probability(softmax(fused)), 1 / (1 + np.exp(-expected)), atol=1e-9)


@given(LOGITS, MASKS, FUSIONS)
def test_odds_among_tumor_classes_stay_those_of_the_class_head(logits, masks, fusion):
    fused = fusion.fuse_logits(Outputs(logits, mask=masks))
    tumors = list(TUMOR_INDICES)
    np.testing.assert_array_equal(fused[:, tumors], logits[:, tumors].astype(float))


@given(LOGITS, MASKS)
def test_class_head_decides_alone_without_mask_or_weights(logits, masks):
    np.testing.assert_array_equal(MaskFusion(0.5, 2.0, 1.0).fuse_logits(Outputs(logits)), logits.astype(float))
    np.testing.assert_allclose(MaskFusion().fuse_logits(Outputs(logits, mask=masks)), logits.astype(float), atol=1e-6)


@given(LOGITS, MASKS, FUSIONS, st.floats(0, 1, width=32))
def test_higher_mask_probability_never_lowers_the_tumor_odds(logits, masks, fusion, more):
    brighter = np.maximum(masks, np.float32(more))
    before, after = (tumor_log_odds(fusion.fuse_logits(Outputs(logits, mask=m))) for m in (masks, brighter))
    assert (after >= before - 1e-6).all()


def test_mask_evidence_is_its_most_probable_pixel_and_finite():
    masks = np.zeros((3, 4, 4), np.float32)
    masks[1, 2, 2], masks[2, 1, 1] = 0.9, 1.0
    evidence = Outputs(np.zeros((3, 4), np.float32), mask=masks).mask_log_odds()
    assert evidence[1] == pytest.approx(np.log(9), rel=1e-5)
    assert np.isfinite(evidence).all()
    assert evidence[0] == pytest.approx(-evidence[2])


def test_fusion_is_restored_from_its_card_entry():
    assert MaskFusion(**MaskFusion(0.7, 1.2, -0.3).to_dict()) == MaskFusion(0.7, 1.2, -0.3)


def test_outputs_are_concatenated_in_order_and_selected_by_row():
    values = np.arange(24, dtype=np.float32).reshape(6, 4)
    whole = Outputs(values, mask=values[:, :, None])
    joined = Outputs.concat([whole.select(np.array([0, 1])), whole.select(np.array([2, 3, 4, 5]))])
    np.testing.assert_array_equal(joined.logits, values)
    np.testing.assert_array_equal(joined.mask, whole.mask)
    assert joined.maps is None
    assert joined.features is None
    np.testing.assert_array_equal(whole.select(np.array([5, 0])).logits, values[[5, 0]])
