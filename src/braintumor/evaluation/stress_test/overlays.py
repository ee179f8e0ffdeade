"""Burned-in text and rulers: verdicts with each kind of overlay, and without."""

import numpy as np
from tqdm import tqdm

from braintumor.enums import Verdict
from braintumor.evaluation.metrics.bootstrap import MetricEntry, mean_with_ci
from braintumor.evaluation.stress_test.context import (
    SEED,
    TUMOR_FREE,
    TUMORS,
    CheckResult,
    StressTestContext,
    sample_test_scans,
)
from braintumor.evaluation.stress_test.overlay_drawing import OVERLAYS, OverlayFunction


def measure_overlays(context: StressTestContext, tumors: int = TUMORS, tumor_free: int = TUMOR_FREE) -> CheckResult:
    """Measure the verdicts on test scans with text, rulers and logos drawn on their original pixels.

    Metrics are `suspected` and `cleared`, the shares of scans with a tumour, and `tumor_free_suspected` and
    `tumor_free_cleared`, of scans without, as in `suspected@overlay:text`; without a suffix they are of the same scans
    without an overlay.
    """
    sample = sample_test_scans(context, tumors, tumor_free)
    has_tumor = sample.has_tumor

    def measure(draw: OverlayFunction | None) -> dict[str, MetricEntry]:
        pictures = [scan.to_uint8() if draw is None else draw(scan.to_uint8()) for scan in sample.scans]
        verdicts = [context.detector.detect(picture).verdict for picture in pictures]
        suspected = np.array([verdict is Verdict.TUMOR_SUSPECTED for verdict in verdicts], float)
        cleared = np.array([verdict is Verdict.NO_TUMOR_FOUND for verdict in verdicts], float)
        columns = {
            "suspected": np.where(has_tumor, suspected, np.nan),
            "cleared": np.where(has_tumor, cleared, np.nan),
            "tumor_free_suspected": np.where(has_tumor, np.nan, suspected),
            "tumor_free_cleared": np.where(has_tumor, np.nan, cleared),
        }
        return mean_with_ci(columns, sample.groups, sample.labels, context.replicates)

    metrics = dict(measure(None))
    for name, draw in tqdm(OVERLAYS.items(), desc="overlays", disable=None):
        metrics |= {f"{metric}@overlay:{name}": entry for metric, entry in measure(draw).items()}
    return CheckResult(metrics, facts={"scans": len(sample.scans), "seed": SEED})
