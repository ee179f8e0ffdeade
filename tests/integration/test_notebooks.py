"""Committed notebooks were run from top to bottom, contain only short functions, and run on phantoms."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from braintumor.datasets.audit import audit_dataset
from braintumor.datasets.catalog import write_file_table
from braintumor.datasets.masks import masks_folder
from braintumor.datasets.phantom_sets import write_phantoms
from braintumor.datasets.splits import split_dataset
from braintumor.models.recipe import find_recipes
from braintumor.settings import Settings
from tests.helpers.scan_files.external_images import write_external_images

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "jupyter_notebooks").glob("*.ipynb"))
_LONGEST_FUNCTION = 6
_PATH = re.compile(r"(?<![\w.])/(home|root|work|tmp|Users|mnt|opt)/\w|[A-Z]:\\\\")


def _cells(path: Path, kind: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def test_notebooks_cover_the_data_and_every_model_family() -> None:
    assert {path.stem for path in NOTEBOOKS} >= {
        "01_data_collection", "02_data_visualization", "03_modeling_v1", "04_modeling_v4", "05_modeling_transfer",
        "06_modeling_zoo", "07_modeling_v5",
    }  # fmt: skip


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
class TestCommitted:
    def test_notebook_was_run_from_top_to_bottom_without_error(self, path: Path) -> None:
        cells = _cells(path, "code")
        assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
        assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]
        assert sum(bool(cell.outputs) for cell in cells) > len(cells) // 2

    def test_notebook_contains_no_machine_path(self, path: Path) -> None:
        notebook = nbformat.read(path, as_version=4)
        texts = [cell.source for cell in notebook.cells]
        for cell in _cells(path, "code"):
            texts += [str(o.get("text", "")) + str(o.get("data", {}).get("text/plain", "")) for o in cell.outputs]
        assert not [match.group() for text in texts if (match := _PATH.search(text))]

    def test_notebook_states_its_purpose_is_small_and_has_only_short_functions(self, path: Path) -> None:
        header = _cells(path, "markdown")[0].source
        for word in ("Objectives", "Inputs", "Outputs"):
            assert word in header
        assert path.stat().st_size < 3_000_000
        for cell in _cells(path, "code"):
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.FunctionDef):
                    assert node.end_lineno is not None
                    assert node.end_lineno - node.lineno < _LONGEST_FUNCTION


def test_machine_paths_are_detected_and_relative_paths_are_not() -> None:
    for folder in ("home", "tmp"):
        assert _PATH.search(f"saved to /{folder}/someone")
    assert not _PATH.search("outputs/dataset/manifest.csv and 3/4")


def _run(notebooks: list[Path], target: Path) -> None:
    target.mkdir()
    process = subprocess.run(
        [sys.executable, "scripts/run_notebooks.py", "--into", str(target), *map(str, notebooks)],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert [path.name for path in sorted(target.glob("*.ipynb"))] == [path.name for path in notebooks]


@pytest.fixture
def phantoms(workspace: Settings) -> Settings:
    """A workspace with a phantom image set and its masks."""
    import pandas as pd

    write_phantoms(workspace.dataset, per_class=24)
    (workspace.dataset / "masks").rename(masks_folder(workspace))
    provenance = pd.read_csv(workspace.dataset / "provenance.csv", dtype=str, keep_default_na=False)
    write_file_table(workspace.dataset, provenance, workspace.dataset / "table.csv")
    return workspace


@pytest.mark.slow
@pytest.mark.usefixtures("phantoms")
def test_data_notebooks_run_on_phantoms(tmp_path: Path) -> None:
    _run([path for path in NOTEBOOKS if path.stem.startswith(("01", "02"))], tmp_path / "run")


@pytest.mark.slow
def test_modeling_notebooks_train_and_run_on_phantoms(
    phantoms: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit_dataset(phantoms)
    split_dataset(settings=phantoms)
    write_external_images(phantoms)
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    for path in find_recipes(Settings(recipes=ROOT / "recipes")).values():
        (recipes / path.name).write_text(_quick(path.read_text()))
    monkeypatch.setenv("BRAINTUMOR_RECIPES", str(recipes))
    _run([path for path in NOTEBOOKS if path.stem.startswith("0") and path.stem[1] in "34567"], tmp_path / "run")


def _quick(recipe: str) -> str:
    """Reduce a recipe to a small input, one epoch, two small folds and random weights, without teachers."""
    recipe = re.sub(r"^\[teachers\].*", "", recipe, flags=re.M | re.S)
    recipe = re.sub(r"^(epochs|repeats_per_epoch) = \d+", r"\1 = 1", recipe, flags=re.M)
    recipe = re.sub(r"^progressive_sizes = .*", "", recipe, flags=re.M)
    recipe = re.sub(r"^sources = .*", 'sources = [["ds000011"], ["btp_t1c"]]', recipe, flags=re.M)
    side = 150 if "plain_cnn" in recipe else 96  # the minimum for four convolutions with pooling by 3
    recipe = re.sub(r"^(height|width) = \d+", rf"\1 = {side}", recipe, flags=re.M)
    return re.sub(r'^weights = "\w+"', 'weights = "none"', recipe, flags=re.M)
