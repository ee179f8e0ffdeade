"""Studies of known patients with their truth, made of slices that were already read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.external.sets import EXTERNAL_SETS
from braintumor.datasets.external.volume_slices import is_cut_slice, is_stripped_copy, slice_positions
from braintumor.enums import CLASSES, OTHER_LESION_LABEL, Plane, TumorClass, Verdict
from braintumor.inference.decision import tumor_probability
from braintumor.inference.study.study_slice import StudySlice

_TUMOR_FREE: Final = (str(TumorClass.NOTUMOR), OTHER_LESION_LABEL)
_TUMOR_PATIENT_SETS: Final = [each.name for each in EXTERNAL_SETS.values() if each.has_only_tumor_patients]


@dataclass(frozen=True, slots=True)
class LabelledStudy:
    """A study with its truth.

    Attributes
    ----------
    slices : sequence of StudySlice
    has_tumor : bool
        Other lesions are no tumour.
    patient : str
        Unique over all sources.
    source : str
    """

    slices: Sequence[StudySlice]
    has_tumor: bool
    patient: str
    source: str = ""


def make_studies(
    manifest: pd.DataFrame,
    probabilities: NDArray[np.float64],
    verdicts: NDArray[np.object_],
) -> list[LabelledStudy]:
    """Group slices of known patients into studies of at least two slices.

    All slices cut from a volume are one study of three planes. Of other patients, a study has all slices of one plane,
    whatever their contrast, in their stored order; their distance is unknown. It has a tumour if one of its slices has;
    one without a tumour is left out if the patient has a tumour elsewhere, and so are skull-stripped copies of slices.
    As in a served study, a slice votes if its verdict is a result.

    Parameters
    ----------
    manifest : DataFrame
        Rows of the Kaggle set or of external sets.
    probabilities : ndarray, shape (n, 4)
        Calibrated probabilities of the slices.
    verdicts : ndarray of Verdict or its values, shape (n,)
    """
    table = manifest.reset_index(drop=True)
    is_cut = table["path"].map(is_cut_slice).astype(bool)
    table = table.assign(is_cut=is_cut, stack=table["plane"].mask(is_cut, ""))
    table = table.assign(is_tumor=~table["label"].isin(_TUMOR_FREE))
    table = table[(table["patient"] != "") & ~table["path"].map(is_stripped_copy).astype(bool)]
    has_tumor_slice = table.groupby(["origin", "patient"])["is_tumor"].transform("any")
    table = table.assign(of_tumor_patient=has_tumor_slice | table["origin"].isin(_TUMOR_PATIENT_SETS))
    studies = []
    for (source, patient, _, _), rows in table.groupby(["origin", "patient", "is_cut", "stack"], sort=False):
        has_tumor = bool(rows["is_tumor"].any())
        if len(rows) > 1 and has_tumor == rows["of_tumor_patient"].iloc[0]:
            indices = rows.index.to_numpy()
            slices = _study_slices(rows, probabilities[indices], verdicts[indices])
            studies.append(LabelledStudy(slices, has_tumor, f"{source}/{patient}", str(source)))
    return studies


def _study_slices(
    rows: pd.DataFrame, probabilities: NDArray[np.float64], verdicts: NDArray[np.object_]
) -> list[StudySlice]:
    """Return the slices of one study, with positions if they were cut from a volume."""
    is_cut = bool(rows["is_cut"].iloc[0])
    places = slice_positions(rows["path"]) if is_cut else [None] * len(rows)
    return [
        StudySlice(
            id=path,
            probabilities=dict(zip(CLASSES, map(float, each), strict=True)),
            tumor_probability=float(tumor_probability(each)),
            verdict=verdict,
            stack=plane if is_cut else "",
            title=plane,
            plane=Plane(plane),
            order=order,
            millimetres=place,
            is_in_field=Verdict(verdict).has_result,
        )
        for order, (path, plane, place, each, verdict) in enumerate(
            zip(rows["path"], rows["plane"], places, probabilities, verdicts, strict=True)
        )
    ]


def expand_volume(study: LabelledStudy) -> list[LabelledStudy]:
    """Return a study with smaller ones made of it: each plane alone, and every other slice."""
    stacks = list(dict.fromkeys(each.stack for each in study.slices))
    planes = [[each for each in study.slices if each.stack == stack] for stack in stacks]
    parts = [study.slices, study.slices[::2], study.slices[1::2], *(planes if len(planes) > 1 else [])]
    return [replace(study, slices=slices) for slices in parts]
