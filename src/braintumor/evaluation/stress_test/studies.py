"""Whole studies: verdicts on those with and without a tumour, of patients that a version did not learn from."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from braintumor.datasets.external.sets import EXTERNAL_COMMAND, EXTERNAL_SETS, SLICES_SUFFIX, VOLUMES, external_folder
from braintumor.datasets.external.volume_slices import is_cut_slice
from braintumor.enums import CLASS_NAMES, Verdict
from braintumor.evaluation.metrics.bootstrap import subgroup_masks
from braintumor.evaluation.stress_test.context import CheckResult, NotMeasurableError, StressTestContext
from braintumor.evaluation.stress_test.sources import read_external_slices
from braintumor.evaluation.study.labelled import LabelledStudy, make_studies
from braintumor.evaluation.study.score import score_studies
from braintumor.inference.study.detect_study import study_rule
from braintumor.inference.study.read_study import read_study


def measure_studies(context: StressTestContext) -> CheckResult:
    """Read studies of the test patients and of sources left out of training, and score their verdicts.

    Of the Kaggle set and the external sets, a study has the slices of one patient in one plane; see `make_studies`.
    Volumes are read whole, as they are served. Metrics as in `score_studies`, by source, over `@sources:left-out` and
    `@sources:trained`, and by `@extent:whole` (volumes) and `@extent:slices`.

    Raises
    ------
    NotMeasurableError
        There are no studies of known patients, or external images are missing.
    """
    slices = read_external_slices(context)
    is_cut = slices["path"].map(is_cut_slice).astype(bool)
    studies = [*_kaggle_studies(context), *_external_studies(slices[~is_cut])]
    rule = study_rule(context.card)
    verdicts = [read_study(study.slices, rule).verdict for study in studies]
    volumes = slices[is_cut].drop_duplicates(["origin", "patient"])
    verdicts += _detect_volumes(context, volumes["path"])
    studies += [
        LabelledStudy((), False, f"{source}/{patient}", source)
        for source, patient in zip(volumes["origin"], volumes["patient"], strict=True)
    ]
    if not studies:
        raise NotMeasurableError("There are no studies: the manifests name no patient with several slices.")
    left_out = set(slices["origin"][slices["is_left_out"]])
    subgroups = _subgroups([study.source for study in studies], left_out, len(volumes))
    metrics = score_studies(studies, verdicts, subgroups, context.replicates)
    return CheckResult(metrics, facts={"sources": _describe_sources(studies, left_out), "rule": rule.chosen})


def _subgroups(sources: list[str], left_out: set[str], volumes: int) -> dict[str, NDArray[np.bool_]]:
    """Select studies by source, by whether it was left out of training, and by extent; whole volumes are the last."""
    names = np.array(sources, object)
    is_left_out = np.isin(names, sorted(left_out))
    is_whole = np.arange(len(names)) >= len(names) - volumes
    return subgroup_masks("source", names, sorted(set(sources))) | {
        "@sources:left-out": is_left_out,
        "@sources:trained": ~is_left_out,
        "@extent:whole": is_whole,
        "@extent:slices": ~is_whole,
    }


def _describe_sources(studies: list[LabelledStudy], left_out: set[str]) -> dict[str, dict[str, object]]:
    return {
        name: {"title": EXTERNAL_SETS[name].title if name in EXTERNAL_SETS else name, "left_out": name in left_out}
        for name in sorted({study.source for study in studies})
    }


def _kaggle_studies(context: StressTestContext) -> list[LabelledStudy]:
    predictions = context.test_predictions
    return make_studies(predictions.manifest, predictions.calibrated, predictions.verdicts)


def _external_studies(slices: pd.DataFrame) -> list[LabelledStudy]:
    columns: NDArray[np.float64] = slices[[f"p_{name}" for name in CLASS_NAMES]].to_numpy(np.float64)
    return make_studies(slices, columns, slices["verdict"].to_numpy(object))


def _detect_volumes(context: StressTestContext, cut_slices: Iterable[str]) -> list[Verdict]:
    """Read the volumes that slices were cut from, one slice of each, as they are served."""
    folder, verdicts = external_folder(context.settings), []
    for path in tqdm(list(cut_slices), desc="volumes", unit="volume", disable=None):
        cut, name = path.split("/")
        volume = f"{name.rsplit('_', 2)[0]}.nii"
        files = sorted((folder / cut.removesuffix(SLICES_SUFFIX) / VOLUMES).glob(f"{volume}*"))
        if not files:
            raise NotMeasurableError(f"The volume {volume}.gz of {path} is missing. Run: {EXTERNAL_COMMAND}")
        verdicts.append(context.detector.detect_study(files[0]).verdict)
    return verdicts
