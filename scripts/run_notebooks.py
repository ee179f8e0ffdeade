"""Runs the notebooks from top to bottom, each in a fresh kernel, and keeps their outputs: `make notebooks`."""

import argparse
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "jupyter_notebooks"


def run(path: Path, target: Path, timeout: int = 3600) -> None:
    """Run one notebook and write it with its outputs; what changes from run to run (times) is left out."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=timeout, record_timing=False, resources={"metadata": {"path": ROOT}}).execute()
    notebook.metadata.get("language_info", {}).pop("version", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":  # what libraries log is no part of the story
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    nbformat.write(notebook, target)


def main() -> int:
    """Run all notebooks, or those named; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, help="all of jupyter_notebooks/ by default")
    parser.add_argument("--into", type=Path, help="folder to write to; in place by default")
    options = parser.parse_args()
    # Progress bars redraw a line in a terminal; in a notebook they would pile up.
    os.environ.setdefault("TQDM_DISABLE", "1")
    for path in options.notebooks or sorted(FOLDER.glob("*.ipynb")):
        print(f"{path.name} ...", flush=True)
        try:
            run(path, (options.into or path.parent) / path.name)
        except CellExecutionError as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
