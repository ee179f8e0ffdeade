"""Shares of studies with a suspected and with a ruled-out tumour, with 95% confidence intervals over patients."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import Verdict
from braintumor.evaluation.metrics.bootstrap import MetricEntry, by_subgroup, mean_with_ci
from braintumor.evaluation.study.labelled import LabelledStudy

Flags = NDArray[np.bool_]


def score_studies(
    studies: Sequence[LabelledStudy],
    verdicts: Sequence[Verdict],
    subgroups: Mapping[str, Flags],
    replicates: int,
) -> dict[str, MetricEntry]:
    """Score the verdicts on labelled studies.

    The metrics are `tumors_suspected`, `tumors_ruled_out`, `tumor_free_suspected` and `tumor_free_ruled_out`, alone and
    as `<metric><subgroup>`. Each patient has the same weight, however many studies there are of them. In the entries,
    `n` counts studies and `groups` patients.

    Parameters
    ----------
    subgroups : mapping of str to ndarray of bool, shape (n,)
    """
    has_tumor = np.array([study.has_tumor for study in studies])
    patients = np.array([study.patient for study in studies], object)
    counts = Counter(zip(patients, has_tumor, strict=True))
    weights = np.array([1.0 / counts[key] for key in zip(patients, has_tumor, strict=True)])
    columns = {
        f"{truth}_{name}": np.where(selected, [each is verdict for each in verdicts], np.nan)
        for truth, selected in (("tumors", has_tumor), ("tumor_free", ~has_tumor))
        for name, verdict in (("suspected", Verdict.TUMOR_SUSPECTED), ("ruled_out", Verdict.NO_TUMOR_FOUND))
    }
    sources = np.array([f"{study.source} {study.has_tumor}" for study in studies])
    strata = np.unique(sources, return_inverse=True)[1].astype(np.int64)
    return mean_with_ci(columns | by_subgroup(columns, subgroups), patients, strata, replicates, weights)
