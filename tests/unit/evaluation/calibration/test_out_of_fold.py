"""Out-of-fold outputs: written and read again, and joined with the manifest."""

import numpy as np
import pytest

from braintumor.errors import ArtifactError, DatasetError
from braintumor.evaluation.calibration.out_of_fold import (
    left_out_slices,
    read_out_of_fold,
    reduce_outputs,
    to_outputs,
    write_out_of_fold,
)
from braintumor.inference.outputs import Outputs
from braintumor.settings import Settings
from tests.helpers.versions.out_of_fold import external_rows, out_of_fold, write_manifests


def test_table_is_read_as_it_was_written(workspace: Settings) -> None:
    table = out_of_fold(external_rows(2), [-13.8155, 1.5, 0.25, 13.8155]).assign(ood_distance=np.nan)
    table.loc[3, "is_left_out"] = False
    write_out_of_fold(workspace.outputs, table)
    again = read_out_of_fold(workspace.outputs)
    assert again is not None
    numbers = ["logit_glioma", "mask_log_odds", "ood_distance", "ood_unusual_at"]
    assert again[numbers].to_numpy() == pytest.approx(table[numbers].to_numpy(), abs=1e-3, nan_ok=True)
    others = [column for column in again if column not in numbers]
    assert again[others].to_dict("list") == table[others].to_dict("list")


def test_outputs_keep_the_most_probable_pixel_of_the_mask(workspace: Settings) -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(4, 4)).astype(np.float32)
    outputs = Outputs(logits, mask=generator.random((4, 8, 8)).astype(np.float32) ** 20)
    expected = outputs.mask_log_odds()
    assert expected is not None
    assert np.array_equal(reduce_outputs(outputs).mask_log_odds(), expected)
    table = out_of_fold(external_rows(2), expected.tolist())
    assert to_outputs(table).mask_log_odds() == pytest.approx(expected, abs=1e-4)


def test_left_out_slices_have_the_columns_of_the_manifest(workspace: Settings) -> None:
    rows = external_rows(2)
    table = out_of_fold(rows, [0.0, 1.0, 2.0, 3.0])
    table.loc[0, "is_left_out"] = False
    write_manifests(workspace, rows)
    slices = left_out_slices(table, workspace)
    assert slices["split"].tolist() == [rows[i]["split"] for i in (1, 2, 3)]
    assert slices["mask_log_odds"].tolist() == [1.0, 2.0, 3.0]
    write_manifests(workspace, rows[:-1])
    with pytest.raises(DatasetError, match=r"lack 1 slices .*lgg_other/images/1\.png.*train-folds"):
        left_out_slices(table, workspace)


def test_damaged_table_names_the_file_and_the_remedy(workspace: Settings) -> None:
    folder = workspace.outputs / "v5"
    folder.mkdir()
    assert read_out_of_fold(folder) is None
    (folder / "out_of_fold.csv").write_text("path,fold\na,b\n")
    with pytest.raises(ArtifactError, match=r"out_of_fold\.csv.*braintumor train-folds v5"):
        read_out_of_fold(folder)
