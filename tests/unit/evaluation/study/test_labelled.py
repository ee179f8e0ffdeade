"""Slices of known patients become studies by patient and plane, or by volume."""

import numpy as np
import pandas as pd
import pytest

from braintumor.enums import NO_TUMOR_INDEX, Plane, Verdict
from braintumor.evaluation.study.labelled import LabelledStudy, expand_volume, make_studies

COLUMNS = ["path", "origin", "patient", "plane", "label", "field"]


def studies_of(*rows: tuple[str, ...], verdict: Verdict = Verdict.UNCERTAIN) -> list[LabelledStudy]:
    probabilities = np.full((len(rows), 4), 0.1)
    probabilities[:, NO_TUMOR_INDEX] = 0.7
    table = pd.DataFrame(rows, columns=COLUMNS)
    return make_studies(table, probabilities, np.array([verdict] * len(rows), object))


def picture(number: int, patient: str = "a", plane: str = "axial", label: str = "glioma") -> tuple[str, ...]:
    return f"set/images/{number}.png", "set", patient, plane, label, ""


def cut(plane: str, index: int, field: str = "", suffix: str = "") -> tuple[str, ...]:
    return f"set-slices/head_T1w_{plane}_{index:03d}{suffix}.png", "set", "b", plane, "notumor", field


def test_pictures_of_a_patient_and_plane_are_one_study_in_stored_order():
    (study,) = studies_of(picture(3, label="notumor"), picture(1), picture(2, "other"), picture(4, plane="coronal"))
    assert [each.id for each in study.slices] == ["set/images/3.png", "set/images/1.png"]
    assert (study.has_tumor, study.patient, study.source) == (True, "set/a", "set")
    assert all(each.millimetres is None and each.votes for each in study.slices)
    assert study.slices[0].tumor_probability == np.float64(0.1) * 3


def test_patients_that_are_not_known_have_no_study():
    assert studies_of(picture(1, ""), picture(2, "")) == []


def test_other_lesions_are_no_tumor():
    (study,) = studies_of(picture(1, label="other-lesion"), picture(2, label="notumor"))
    assert not study.has_tumor


def test_plane_without_the_tumor_of_a_patient_is_no_tumor_free_study():
    axial = [picture(1, label="glioma"), picture(2, label="notumor")]
    coronal = [picture(number, label="notumor", plane="coronal") for number in (3, 4)]
    assert [study.has_tumor for study in studies_of(*axial, *coronal)] == [True]
    assert [study.has_tumor for study in studies_of(*coronal)] == [False]
    of_glioma_patient = [(path, "lgg_other", *rest) for path, _, *rest in coronal]
    assert studies_of(*of_glioma_patient) == []


def test_slices_cut_from_a_volume_are_one_study_of_all_planes_with_positions():
    rows = [cut("axial", 8), cut("axial", 4), cut("axial", 16), cut("sagittal", 3), cut("axial", 4, suffix="_stripped")]
    (study,) = studies_of(*rows)
    assert [(each.plane, each.millimetres) for each in study.slices] == [
        (Plane.AXIAL, 6.0), (Plane.AXIAL, 3.0), (Plane.AXIAL, 12.0), (Plane.SAGITTAL, 9.0),
    ]  # fmt: skip
    assert {each.stack for each in study.slices} == {"axial", "sagittal"}


@pytest.mark.parametrize("verdict", Verdict)
def test_slices_vote_if_their_verdict_is_a_result(verdict: Verdict):
    (study,) = studies_of(picture(1), picture(2), verdict=verdict)
    assert {each.votes for each in study.slices} == {verdict.has_result}


def test_volume_is_expanded_to_halves_and_planes():
    (study,) = studies_of(*(cut(plane, index) for plane in ("axial", "coronal") for index in range(4)))
    assert [len(each.slices) for each in expand_volume(study)] == [8, 4, 4, 4, 4]
    assert {each.patient for each in expand_volume(study)} == {study.patient}
