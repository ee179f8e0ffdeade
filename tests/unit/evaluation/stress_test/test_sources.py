"""Other sources: which slices are measured, and the rates by source, plane, contrast and condition."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from braintumor.datasets.external.manifest import write_external_manifest
from braintumor.enums import CLASSES, TumorClass, Verdict
from braintumor.evaluation.stress_test.context import NotMeasurableError
from braintumor.evaluation.stress_test.sources import measure_sources, score_sources, select_slices
from braintumor.models.recipe import FitRecipe, InputRecipe, Recipe
from braintumor.settings import Settings

RECIPE = Recipe(
    title="Kaggle set",
    architecture="tiny",
    seed=0,
    input=InputRecipe(height=64, width=64, channels=1),
    fit=FitRecipe(learning_rate=0.1, epochs=1),
)
SUSPECTED, CLEARED, REFUSED = Verdict.TUMOR_SUSPECTED, Verdict.NO_TUMOR_FOUND, Verdict.NOT_BRAIN_MRI


def _slice(patient: str, label: str, probability: float, verdict: Verdict, **changes: Any) -> dict[str, Any]:
    row = {
        "path": "", "label": label, "original_split": "", "sha256": "0", "width": 8, "height": 8, "mode": "L",
        "origin": "lgg_other", "plane": "axial", "patient": patient, "group": patient, "split": "train",
        "has_mask": False, "contrast": "T1", "licence": "CC-BY-3.0 AND CC-BY-NC-SA-4.0", "condition": "",
        "slice_height": 0.5, "field": "", "is_left_out": True, "tumor_probability": probability,
        "is_predicted_tumor": probability > 0.5, "verdict": verdict, "is_class_in_set": probability < 0.7,
    }  # fmt: skip
    return row | changes


def _slices(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([row | {"path": f"{i}.png"} for i, row in enumerate(rows)])


def _value(metrics: dict[str, Any], name: str) -> tuple[float, int, int]:
    return metrics[name]["value"], metrics[name]["n"], metrics[name]["groups"]


def test_rates_are_measured_by_subgroup() -> None:
    slices = _slices(
        _slice("a", "glioma", 0.9, SUSPECTED),
        _slice("a", "glioma", 0.6, CLEARED, contrast="FLAIR"),
        _slice("b", "tumor", 0.2, REFUSED, condition="skull-stripped"),
        _slice("a", "notumor", 0.9, SUSPECTED),
        _slice("a", "notumor", 0.6, CLEARED, plane="sagittal"),
        _slice("c", "notumor", 0.1, REFUSED, plane="sagittal", origin="ds000011", condition="skull-stripped"),
        _slice("d", "other-lesion", 0.9, CLEARED),
        _slice("e", "notumor", 0.9, REFUSED, field="outside"),
        _slice("f", "notumor", 0.9, Verdict.OUTSIDE_FIELD, field="outside"),
    )
    metrics = score_sources(slices, 20).metrics
    assert _value(metrics, "tumor_sensitivity@sources:left-out") == (pytest.approx(2 / 3, abs=1e-6), 3, 2)
    assert _value(metrics, "flagged@contrast:FLAIR") == (0, 1, 1)
    assert _value(metrics, "rejected@condition:skull-stripped") == (1, 1, 1)
    assert _value(metrics, "predicted_tumor@source:lgg_other") == (1, 2, 1)
    assert _value(metrics, "false_alarms@source:lgg_other") == (0.5, 2, 1)
    assert _value(metrics, "predicted_tumor@plane:sagittal") == (0.5, 2, 2)
    assert _value(metrics, "rejected_tumor_free@condition:skull-stripped") == (1, 1, 1)
    assert _value(metrics, "predicted_tumor@label:other-lesion") == (1, 1, 1)
    assert _value(metrics, "rejected_tumor_free@field:outside") == (0.5, 2, 2)
    assert _value(metrics, "outside_field_tumor_free@field:outside") == (0.5, 2, 2)
    assert _value(metrics, "outside_field@sources:left-out") == (0, 3, 2)
    assert _value(metrics, "set_coverage@sources:left-out") == (pytest.approx(2 / 3, abs=1e-6), 3, 2)
    assert _value(metrics, "set_coverage_tumor_free@source:lgg_other") == (0.5, 2, 1)
    assert "false_alarms@sources:trained" not in metrics


def test_combinations_need_ten_slices() -> None:
    slices = _slices(
        *[_slice(f"a{i}", "notumor", 0.1, CLEARED) for i in range(10)],
        *[_slice(f"b{i}", "notumor", 0.1, CLEARED, plane="coronal") for i in range(9)],
    )
    metrics = score_sources(slices, 20).metrics
    assert _value(metrics, "false_alarms@source:lgg_other@plane:axial") == (0, 10, 10)
    assert "false_alarms@plane:coronal" in metrics
    assert "false_alarms@source:lgg_other@plane:coronal" not in metrics


def test_patients_are_compared_within_their_contrast() -> None:
    tumors = [_slice("a", "glioma", 0.6, SUSPECTED, contrast=contrast) for contrast in ("T1", "FLAIR")]
    tumor_free = [_slice("a", "notumor", p, CLEARED) for p in (0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9, 0.95)]
    metrics = score_sources(_slices(*tumors, *tumor_free), 20).metrics
    assert _value(metrics, "roc_auc_within_patients@source:lgg_other") == (pytest.approx(5 / 9, abs=1e-6), 10, 1)
    assert "roc_auc_within_patients@contrast:FLAIR" not in metrics


def test_calibration_is_measured_on_left_out_sources() -> None:
    slices = _slices(
        _slice("a", "glioma", 0.9, SUSPECTED),
        _slice("b", "notumor", 0.1, CLEARED),
        _slice("c", "notumor", 0.9, SUSPECTED, origin="ds000011", is_left_out=False),
        _slice("d", "other-lesion", 0.9, CLEARED),
    )
    assert _value(score_sources(slices, 20).metrics, "ece@sources:left-out") == (pytest.approx(0.1), 2, 2)


def test_slices_of_unknown_patients_are_groups_of_their_own() -> None:
    slices = _slices(*[_slice("", "glioma", 0.9, SUSPECTED, group="all") for _ in range(3)])
    assert _value(score_sources(slices, 20).metrics, "flagged@source:lgg_other") == (1, 3, 3)


@pytest.mark.parametrize(
    ("changes", "paths", "left_out"),
    [
        ({}, "0123", "0123"),
        ({"data": "all"}, "013", "01"),
        ({"data": "all", "licences": ("PDDL", "CC-BY", "CC-BY-NC-SA")}, "13", ""),
        ({"data": "all", "holdout_source": "ds000011"}, "0123", "0123"),
    ],
)
def test_only_test_patients_of_trained_sources_are_selected(changes: dict[str, Any], paths: str, left_out: str) -> None:
    manifest = _slices(
        _slice("a", "notumor", 0, CLEARED, split="train"),
        _slice("b", "notumor", 0, CLEARED, split="test"),
        _slice("c", "notumor", 0, CLEARED, split="validation", licence="PDDL-1.0", origin="ds000011"),
        _slice("d", "notumor", 0, CLEARED, split="test", licence="PDDL-1.0", origin="ds000011"),
    )
    copies = manifest.assign(path=manifest["path"].str.replace(".png", "_stripped.png"))
    slices = select_slices(pd.concat([manifest, copies]), RECIPE.model_copy(update=changes))
    assert list(slices["path"]) == [f"{number}.png" for number in paths]
    assert list(slices["path"][slices["is_left_out"]]) == [f"{number}.png" for number in left_out]


class SuspectsAll:
    """Suspects a glioma in every file."""

    def detect(self, path: Path) -> Any:
        assert path.is_file()
        probabilities = dict(zip(CLASSES, (0.9, 0.0, 0.1, 0.0), strict=True))
        return SimpleNamespace(
            tumor_probability=0.9, result=TumorClass.GLIOMA, verdict=SUSPECTED, probabilities=probabilities,
            prediction_set=(TumorClass.GLIOMA, TumorClass.MENINGIOMA),
        )  # fmt: skip


def test_files_are_read_as_they_are_served(tmp_path: Path) -> None:
    settings = Settings(inputs=tmp_path, outputs=tmp_path)
    card = SimpleNamespace(recipe=RECIPE.model_dump())
    context: Any = SimpleNamespace(
        settings=settings, card=card, detector=SuspectsAll(), replicates=20, external_slices=None
    )
    with pytest.raises(NotMeasurableError, match="no manifest of the external sets"):
        measure_sources(context)
    slices = _slices(_slice("a", "glioma", 0, CLEARED), _slice("a", "notumor", 0, CLEARED))
    write_external_manifest(slices, settings)
    with pytest.raises(NotMeasurableError, match="2 external images are missing, such as 0"):
        measure_sources(context)
    (tmp_path / "external").mkdir()
    for path in slices["path"]:
        Image.new("L", (8, 8)).save(tmp_path / "external" / path)
    result = measure_sources(context)
    assert list(context.external_slices["p_glioma"]) == [0.9, 0.9]
    assert list(context.external_slices["is_class_in_set"]) == [True, False]
    assert (
        result.metrics["flagged@sources:left-out"]["value"] == result.metrics["false_alarms@plane:axial"]["value"] == 1
    )
    assert result.facts["sources"]["lgg_other"]["slices"] == 2
