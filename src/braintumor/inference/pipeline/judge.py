"""From the outputs of the network for one scan to its result."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import CLASSES, PictureKind, Verdict
from braintumor.inference.decision import (
    OODScore,
    decide_verdict,
    limit_by_picture,
    predicted_class,
    prediction_set,
    tumor_probability,
)
from braintumor.inference.detection import Detection
from braintumor.inference.input_check.feature_check import find_ct, find_outside_field
from braintumor.inference.model_card import ModelCard
from braintumor.inference.outputs import Outputs
from braintumor.inference.pipeline.prepare import PreparedScan


def judge_scan(
    prepared: PreparedScan,
    card: ModelCard,
    outputs: Outputs,
    probabilities: NDArray[np.float64],
    ood_score: OODScore | None,
    infer_seconds: float,
) -> Detection | None:
    """Return the result for a scan; None if it was turned back although it is not a brain MRI.

    Parameters
    ----------
    outputs : Outputs
        For this scan only.
    probabilities : ndarray of float64, shape (4,)
        Calibrated class probabilities.
    """
    start, scan, turn = time.perf_counter(), prepared.scan, prepared.turn
    tumor = float(tumor_probability(probabilities))
    verdict, reason = decide_verdict(
        tumor, card.thresholds, ood_score, scan.modality,
        looks_like_ct=bool(find_ct(card.ct, outputs)[0]),
        is_outside_field=scan.picture is PictureKind.SLICE and bool(find_outside_field(card.field, outputs)[0]),
    )  # fmt: skip
    verdict, reason = limit_by_picture(verdict, reason, scan)
    if turn is not None:
        if turn.correction and verdict is Verdict.NOT_BRAIN_MRI:  # a turn of something else means nothing
            return None
        verdict, reason = turn.limit_verdict(verdict, reason)
    predicted = int(predicted_class(probabilities, card.binary_threshold))
    seconds = {**prepared.seconds, "infer": infer_seconds, "judge": time.perf_counter() - start}
    return Detection(
        name=scan.name,
        sha256=scan.sha256,
        timestamp=datetime.now(UTC),
        probabilities={c: float(p) for c, p in zip(CLASSES, probabilities, strict=True)},
        tumor_probability=tumor,
        verdict=verdict,
        reason=reason,
        prediction_set=prediction_set(probabilities, card.conformal_quantiles, card.binary_threshold),
        ood_score=None if ood_score is None else ood_score.score,
        model_version=card.version,
        milliseconds={step: 1e3 * each for step, each in (seconds | {"total": sum(seconds.values())}).items()},
        series=scan.series,
        spacing=scan.spacing,
        warnings=scan.warnings,
        binary_threshold=card.binary_threshold,
        picture=scan.picture,
        turn=0 if turn is None else turn.correction,
        suggested_turn=turn.suggestion if turn is not None and verdict.has_result else 0,
        _evidence_map=None if outputs.maps is None else outputs.maps[0, predicted].copy(),
        _mask=None if outputs.mask is None else outputs.mask[0],
        _geometry=prepared.geometry,
        _map_extent=card.map_extent,
    )


def judge_pictures(
    card: ModelCard,
    outputs: Outputs,
    tumor: NDArray[np.float64],
    ood_scores: Sequence[OODScore | None],
) -> NDArray[np.object_]:
    """Return the verdict on each of n pictures that say nothing about their modality, by tumour probability (n,)."""
    looks_like_ct, is_outside = find_ct(card.ct, outputs), find_outside_field(card.field, outputs)
    verdicts = [
        decide_verdict(
            float(probability), card.thresholds, ood_score,
            looks_like_ct=bool(ct), is_outside_field=bool(outside),
        )[0]
        for probability, ood_score, ct, outside in zip(tumor, ood_scores, looks_like_ct, is_outside, strict=True)
    ]  # fmt: skip
    return np.array(verdicts, object)
