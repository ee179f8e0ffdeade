"""Leave-one-source-out: each source is scored at the calibration of the version, and its area within its fold."""

import numpy as np
import pandas as pd

from braintumor.evaluation.calibration.out_of_fold import write_out_of_fold
from braintumor.evaluation.source_folds.leave_one_source_out import source_areas, write_leave_one_source_out
from braintumor.inference import Detector
from braintumor.results.other_sources import leave_one_source_out_rows, read_leave_one_source_out
from braintumor.results.version import read_version_report
from braintumor.settings import Settings
from tests.helpers.versions.out_of_fold import external_rows, out_of_fold, write_manifests
from tests.helpers.versions.tiny import write_masked_version

ROWS = external_rows(24)
IS_TUMOR = np.array([row["label"] == "glioma" for row in ROWS])


def test_sources_are_scored_with_the_calibration_of_the_version(workspace: Settings) -> None:
    folder = write_masked_version(workspace.outputs, "v5")
    write_manifests(workspace, ROWS)
    write_leave_one_source_out("v5", Detector.load("v5", workspace), workspace, 20)
    assert not (folder / "leave_one_source_out.json").exists()
    table = out_of_fold(ROWS, np.where(IS_TUMOR, 9.0, -9.0).tolist())
    is_lgg = table["origin"] == "lgg_other"
    table.loc[is_lgg & ~IS_TUMOR, ["mask_log_odds", "logit_glioma"]] = 9.0
    table.loc[(table["origin"] == "btp_t1c") & IS_TUMOR, "ood_distance"] = 1.0
    known = table[is_lgg].assign(path="brain-tumor-mri-dataset/" + table["path"], is_left_out=False)
    write_out_of_fold(folder, pd.concat([table, known]))
    write_leave_one_source_out("v5", Detector.load("v5", workspace), workspace, 20)
    check = read_leave_one_source_out(read_version_report("v5", workspace))
    assert check is not None
    metrics = check.metrics
    assert (metrics["tumor_sensitivity@source:btp_t1c"].value, metrics["rejected@source:btp_t1c"].value) == (1, 1)
    assert metrics["flagged@source:btp_t1c"].value == 0
    assert metrics["false_alarms@source:lgg_other@plane:axial"].value == 1
    assert metrics["roc_auc@source:btp_t1c"].value == 1
    assert metrics["roc_auc_within_patients@source:lgg_other"].value == 0.5
    assert metrics["roc_auc@fold:2"].n == 24
    assert metrics["set_coverage@source:btp_t1c"].value == 1
    assert metrics["set_coverage_tumor_free@source:lgg_other"].value == 0
    assert not any(name.startswith("outside_field") for name in metrics), "nothing says what is outside the field"
    assert list(leave_one_source_out_rows(check)) == [
        "TCIA Brain-Tumor-Progression", "Kaggle LGG segmentation, from TCIA TCGA-LGG",
    ]  # fmt: skip


def test_source_with_one_label_is_compared_within_its_fold() -> None:
    rows = [("a", 1, "notumor", 0.3), ("a", 1, "notumor", 0.6), ("b", 1, "glioma", 0.5), ("b", 1, "tumor", 0.7)]
    rows += [("c", 2, "other-lesion", 0.9), ("d", 2, "notumor", 0.1), ("d", 2, "glioma", 0.2)]
    slices = pd.DataFrame(rows, columns=["origin", "fold", "label", "tumor_probability"])
    areas = source_areas(slices.assign(field="", group=slices.index.astype(str)), 20)
    assert {name: (entry["value"], entry["n"]) for name, entry in areas.items()} == {
        "roc_auc@source:a": (0.75, 4), "roc_auc@source:b": (0.75, 4), "roc_auc@source:d": (1.0, 2),
    }  # fmt: skip


def test_slices_outside_the_brain_are_in_no_area() -> None:
    rows = [("a", 1, "notumor", 0.9, "outside"), ("a", 1, "notumor", 0.1, ""), ("a", 1, "glioma", 0.5, "")]
    slices = pd.DataFrame(rows, columns=["origin", "fold", "label", "tumor_probability", "field"])
    areas = source_areas(slices.assign(group=slices.index.astype(str)), 20)
    assert (areas["roc_auc@source:a"]["value"], areas["roc_auc@source:a"]["n"]) == (1.0, 2)
