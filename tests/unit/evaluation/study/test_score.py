"""Shares of suspected and cleared studies weigh patients equally."""

import numpy as np
import pytest

from braintumor.enums import Verdict
from braintumor.evaluation.study.labelled import LabelledStudy
from braintumor.evaluation.study.score import score_studies


def test_patient_with_many_studies_counts_once() -> None:
    studies = [LabelledStudy((), True, "a", "one")] * 3 + [LabelledStudy((), True, "b", "one")]
    studies.append(LabelledStudy((), False, "c", "two"))
    verdicts = [Verdict.TUMOR_SUSPECTED] * 3 + [Verdict.NO_TUMOR_FOUND, Verdict.UNCERTAIN]
    metrics = score_studies(studies, verdicts, {"@source:one": np.array([True] * 4 + [False])}, 20)
    assert metrics["tumors_suspected"]["value"] == pytest.approx(0.5)
    assert metrics["tumors_suspected"] == metrics["tumors_suspected@source:one"]
    assert (metrics["tumors_suspected"]["n"], metrics["tumors_suspected"]["groups"]) == (4, 2)
    assert metrics["tumors_ruled_out"]["value"] == pytest.approx(0.5)
    assert metrics["tumor_free_suspected"]["value"] == metrics["tumor_free_ruled_out"]["value"] == 0.0
    assert "tumor_free_ruled_out@source:one" not in metrics
