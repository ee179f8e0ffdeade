"""Scans for the explanation grid are test scans, at most one per group."""

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from braintumor.cli import main
from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASS_NAMES
from braintumor.errors import DatasetError
from braintumor.reader_study.cases import sample_test_scans
from braintumor.settings import Settings
from tests.helpers.versions.tiny import write_version


def _write_predictions(
    workspace: Settings, labels: list[str], *, with_images: bool, folder: str = "brain-tumor-mri-dataset"
) -> None:
    """Write predictions for twelve scans of each label, two per group, eight in the test split."""
    rows = []
    for label in labels:
        for number in range(12):
            path = f"Testing/{label}/{number}.png"
            split = "test" if number < 8 else "train"
            rows.append({"path": path, "split": split, "group": f"{label}-{number // 2}", "label": label,
                         "predicted": label, "tumor_probability": 0.5, "verdict": "uncertain"})  # fmt: skip
            if with_images:
                file = workspace.inputs / folder / path
                file.parent.mkdir(parents=True, exist_ok=True)
                phantom_class = label if label in CLASS_NAMES else "glioma"
                Image.fromarray(make_phantom(phantom_class, number, 96).pixels).save(file)
    pd.DataFrame(rows).to_csv(workspace.outputs / "v1" / "predictions.csv", index=False)


def test_scans_are_test_scans_of_different_groups(workspace: Settings) -> None:
    write_version(workspace.outputs)
    _write_predictions(workspace, ["pituitary", "glioma", "notumor"], with_images=True)
    scans = sample_test_scans("v1", workspace, per_label=3)
    assert [label for _, label in scans] == ["glioma"] * 3 + ["notumor"] * 3 + ["pituitary"] * 3
    numbers = [int(Path(path).stem) for path, _ in scans]
    assert max(numbers) < 8
    assert all(len({n // 2 for n in numbers[i : i + 3]}) == 3 for i in (0, 3, 6))
    assert scans == sample_test_scans("v1", workspace, per_label=3)
    assert scans != sample_test_scans("v1", workspace, per_label=3, seed=1)
    assert len(sample_test_scans("v1", workspace, per_label=9)) == 12  # four patients of each


def test_scans_of_the_binary_set_are_in_its_folder(workspace: Settings) -> None:
    write_version(workspace.outputs, recipe={"data": "yes-no"}, task="tumor", decision={"threshold": 0.5})
    _write_predictions(workspace, ["tumor", "notumor"], with_images=True, folder="brain-tumor-yes-no")
    scans = sample_test_scans("v1", workspace, per_label=2)
    assert [label for _, label in scans] == ["notumor", "notumor", "tumor", "tumor"]
    assert all(path.is_file() for path, _ in scans)


def test_missing_image_set_is_reported_with_its_command(workspace: Settings) -> None:
    write_version(workspace.outputs)
    _write_predictions(workspace, ["glioma"], with_images=False)
    with pytest.raises(DatasetError, match="Get it with: braintumor data fetch"):
        sample_test_scans("v1", workspace)


def test_version_without_evaluation_is_reported(workspace: Settings) -> None:
    write_version(workspace.outputs)
    with pytest.raises(DatasetError, match="braintumor evaluate v1"):
        sample_test_scans("v1", workspace)


def test_command_writes_the_grid_and_counts_missing_files(
    workspace: Settings, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    write_version(workspace.outputs)
    _write_predictions(workspace, ["glioma", "notumor"], with_images=True)
    out = tmp_path / "out"
    assert main(["explain", "--grid", "--version", "v1", "--out", str(out)]) == 0
    assert [path.name for path in out.iterdir()] == ["grid-v1.png"]
    for path, _ in sample_test_scans("v1", workspace)[:1]:
        path.unlink()
    assert main(["explain", "--grid", "--version", "v1", "--out", str(out)]) == 1
    assert "1 file could not be read" in capsys.readouterr().out
