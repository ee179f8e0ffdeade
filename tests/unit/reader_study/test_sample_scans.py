"""Examples for a grid: test scans alone, one of each group, dealt by lot; and a sentence where they are absent."""

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from braintumor.cli import main
from braintumor.datasets.phantom_sets import make_phantom
from braintumor.enums import CLASS_NAMES
from braintumor.errors import DatasetError
from braintumor.reader_study.cases import sample_test_scans
from braintumor.settings import Settings
from tests.helpers.versions.tiny import write_version


def _predicted(workspace: Settings, labels: list[str], *, drawn: bool, folder: str = "brain-tumor-mri-dataset") -> None:
    """A version that was evaluated on twelve scans of each label, two of a patient, eight of them tests."""
    rows = []
    for label in labels:
        for number in range(12):
            path = f"Testing/{label}/{number}.png"
            split = "test" if number < 8 else "train"
            rows.append({"path": path, "split": split, "group": f"{label}-{number // 2}", "label": label,
                         "predicted": label, "tumor_probability": 0.5, "verdict": "uncertain"})  # fmt: skip
            if drawn:
                target = workspace.inputs / folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                kind = label if label in CLASS_NAMES else "glioma"
                Image.fromarray(make_phantom(kind, number, 96).pixels).save(target)
    pd.DataFrame(rows).to_csv(workspace.outputs / "v1" / "predictions.csv", index=False)


def test_test_scans_of_every_label_are_dealt_one_of_each_group(workspace: Settings) -> None:
    write_version(workspace.outputs)
    _predicted(workspace, ["pituitary", "glioma", "notumor"], drawn=True)
    found = sample_test_scans("v1", workspace, per_label=3)
    assert [label for _, label in found] == ["glioma"] * 3 + ["notumor"] * 3 + ["pituitary"] * 3
    numbers = [int(Path(path).stem) for path, _ in found]
    assert max(numbers) < 8
    assert all(len({n // 2 for n in numbers[i : i + 3]}) == 3 for i in (0, 3, 6))
    assert found == sample_test_scans("v1", workspace, per_label=3)
    assert found != sample_test_scans("v1", workspace, per_label=3, seed=1)
    assert len(sample_test_scans("v1", workspace, per_label=9)) == 12  # four patients of each


def test_scans_of_the_yes_no_set_come_from_its_folder(workspace: Settings) -> None:
    write_version(workspace.outputs, recipe={"data": "yes-no"}, task="tumor", decision={"threshold": 0.5})
    _predicted(workspace, ["tumor", "notumor"], drawn=True, folder="brain-tumor-yes-no")
    found = sample_test_scans("v1", workspace, per_label=2)
    assert [label for _, label in found] == ["notumor", "notumor", "tumor", "tumor"]
    assert all(path.is_file() for path, _ in found)


def test_without_the_image_set_a_sentence_says_how_to_get_it(workspace: Settings) -> None:
    write_version(workspace.outputs)
    _predicted(workspace, ["glioma"], drawn=False)
    with pytest.raises(DatasetError, match=r"image set is not there\. Get it with: braintumor data fetch"):
        sample_test_scans("v1", workspace)


def test_a_version_that_was_not_evaluated_says_so(workspace: Settings) -> None:
    write_version(workspace.outputs)
    with pytest.raises(DatasetError, match="braintumor evaluate v1"):
        sample_test_scans("v1", workspace)


def test_the_command_draws_the_grid_and_counts_what_is_missing(
    workspace: Settings, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    write_version(workspace.outputs)
    _predicted(workspace, ["glioma", "notumor"], drawn=True)
    out = tmp_path / "out"
    assert main(["explain", "--grid", "--version", "v1", "--out", str(out)]) == 0
    assert [path.name for path in out.iterdir()] == ["grid-v1.png"]
    for path, _ in sample_test_scans("v1", workspace)[:1]:
        path.unlink()
    assert main(["explain", "--grid", "--version", "v1", "--out", str(out)]) == 1
    assert "1 file could not be read" in capsys.readouterr().out
