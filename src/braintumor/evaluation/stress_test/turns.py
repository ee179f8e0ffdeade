"""Turned pictures: false alarms and misses on scans turned by 90, 180 and 270 degrees, as they are served."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from braintumor.enums import Verdict
from braintumor.evaluation.calibration.fit_turn import DEGREES
from braintumor.evaluation.metrics.bootstrap import by_subgroup, mean_with_ci, subgroup_masks
from braintumor.evaluation.stress_test.context import (
    SEED,
    TUMOR_FREE,
    TUMORS,
    CheckResult,
    NotMeasurableError,
    StressTestContext,
    sample_test_scans,
)
from braintumor.imaging import Scan
from braintumor.imaging.edits import turn_scan
from braintumor.inference.detector import Detector


def measure_turns(context: StressTestContext, tumors: int = TUMORS, tumor_free: int = TUMOR_FREE) -> CheckResult:
    """Compare the verdicts on turned scans of the test split with those on the same scans as stored.

    Metrics, each `@turn:<degrees>`: `false_alarms` is the share of tumour-free scans with the verdict "tumor
    suspected", `misses` the share of tumours with "no tumor found", `uncertain` the share of scans with "uncertain",
    and `turned_back` the share of scans that were turned before reading.

    Raises
    ------
    NotMeasurableError
        The version has no turn detection.
    """
    if context.card.turn is None:
        raise NotMeasurableError("This model has no turn detection.")
    sample = sample_test_scans(context, tumors, tumor_free)
    columns = measure_verdicts(context.detector, sample.scans, sample.has_tumor)
    degrees = np.repeat(np.array(DEGREES, object), len(sample.scans))
    metrics = mean_with_ci(
        by_subgroup(columns, subgroup_masks("turn", degrees, DEGREES)),
        np.tile(sample.groups, len(DEGREES)),
        np.tile(sample.labels, len(DEGREES)),
        context.replicates,
    )
    return CheckResult(metrics, facts={"tumors": int(sample.has_tumor.sum()), "scans": len(sample.scans), "seed": SEED})


def measure_verdicts(
    detector: Detector, scans: Sequence[Scan], is_tumor: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    """Read scans as stored and after each turn; see `measure_turns` for the columns.

    Returns
    -------
    dict of str to ndarray of float64, shape (4 n,)
        All scans as stored, then turned counterclockwise by 90, 180 and 270 degrees; NaN for scans that a metric leaves
        out.
    """
    verdicts, turned_back = [], []
    for turn in range(4):
        for scan in tqdm(scans, desc=f"turns: {90 * turn} degrees", disable=None):
            detection = detector.detect(replace(turn_scan(scan, -turn), is_oriented=False))
            verdicts.append(detection.verdict)
            turned_back.append(detection.turn != 0)
    verdict, truth = np.array(verdicts, object), np.tile(is_tumor, 4)
    return {
        "false_alarms": np.where(truth, np.nan, (verdict == Verdict.TUMOR_SUSPECTED).astype(float)),
        "misses": np.where(truth, (verdict == Verdict.NO_TUMOR_FOUND).astype(float), np.nan),
        "uncertain": (verdict == Verdict.UNCERTAIN).astype(float),
        "turned_back": np.array(turned_back, float),
    }
