"""Studies of test patients and left-out sources are measured by source and extent; volumes are read whole."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from braintumor.enums import CLASS_NAMES, Verdict
from braintumor.evaluation.stress_test.context import NotMeasurableError
from braintumor.evaluation.stress_test.studies import measure_studies
from braintumor.inference.decision import Thresholds
from braintumor.settings import Settings

TUMOR, TUMOR_FREE = (0.97, 0.01, 0.01, 0.01), (0.01, 0.01, 0.97, 0.01)
COLUMNS = [
    "path",
    "origin",
    "patient",
    "plane",
    "label",
    "field",
    "is_left_out",
    "verdict",
    *(f"p_{c}" for c in CLASS_NAMES),
]


def slice_row(path: str, patient: str, label: str, *, is_left_out: bool, origin: str = "lgg_other") -> tuple[Any, ...]:
    probabilities = TUMOR if label == "glioma" else TUMOR_FREE
    return path, origin, patient, "axial", label, "", is_left_out, Verdict.UNCERTAIN, *probabilities


def make_context(tmp_path: Path) -> Any:
    rows = [slice_row(f"lgg_other/images/{number}.png", "a", "glioma", is_left_out=True) for number in range(3)]
    rows += [
        slice_row(f"ds000011-slices/head_axial_{number:03d}.png", "b", "notumor", is_left_out=False, origin="ds000011")
        for number in range(2)
    ]
    kaggle = pd.DataFrame([slice_row(f"{number}.jpg", "c", "glioma", is_left_out=False, origin="figshare-cheng")
                           for number in range(3)], columns=COLUMNS)  # fmt: skip
    predictions = SimpleNamespace(
        manifest=kaggle, calibrated=np.array([TUMOR_FREE] * 3), verdicts=kaggle["verdict"].to_numpy(object)
    )
    detector = SimpleNamespace(detect_study=lambda path: SimpleNamespace(verdict=Verdict.NO_TUMOR_FOUND))
    return SimpleNamespace(
        external_slices=pd.DataFrame(rows, columns=COLUMNS), test_predictions=predictions, detector=detector,
        card=SimpleNamespace(study=None, thresholds=Thresholds(0.3, 0.6)), replicates=20,
        settings=Settings(inputs=tmp_path),
    )  # fmt: skip


def test_studies_are_measured_by_source_and_extent(tmp_path: Path) -> None:
    context = make_context(tmp_path)
    with pytest.raises(NotMeasurableError, match=r"head\.nii\.gz of ds000011-slices/head_axial_000\.png is missing"):
        measure_studies(context)
    volumes = tmp_path / "external" / "ds000011" / "volumes"
    volumes.mkdir(parents=True)
    (volumes / "head.nii.gz").touch()
    result = measure_studies(context)
    values = {name: (metric["value"], metric["n"]) for name, metric in result.metrics.items()}
    assert values["tumors_suspected"] == (0.5, 2)
    assert values["tumors_suspected@sources:left-out"] == values["tumors_suspected@source:lgg_other"] == (1.0, 1)
    assert values["tumors_ruled_out@source:figshare-cheng"] == (1.0, 1)
    assert values["tumor_free_ruled_out@extent:whole"] == values["tumor_free_ruled_out@source:ds000011"] == (1.0, 1)
    assert "tumor_free_ruled_out@extent:slices" not in values
    assert result.facts["sources"]["lgg_other"]["left_out"]
    assert not result.facts["sources"]["figshare-cheng"]["left_out"]
